//! Parameters of processors with several bands of a kind: a struct for one band, and the names
//! `band1_…`, `band2_…` under which scripts and automation know their fields.

use crate::error::Error;
use crate::stream::Field;

/// [`crate::stream::params`] for one band, and the rows of names for all that there may be.
macro_rules! band_params {
    (
        $(#[$outer:meta])*
        pub struct $name:ident $body:tt
        const $rows:ident: [$count:expr] = [$($number:literal)*];
    ) => {
        $crate::stream::params! {
            $(#[$outer])*
            pub struct $name $body
        }

        /// The fields of every band under their full names.
        const $rows: [[$crate::stream::Field; $name::FIELDS.len()]; $count] = [$(
            $crate::dynamics::banks::renamed(
                $name::FIELDS,
                $crate::dynamics::banks::band_params!(@names $number $body),
            )
        ),*];
    };
    (@names $number:literal {
        $(
            #[doc = $doc:literal]
            $field:ident: $unit:literal, $min:expr => $max:expr, $default:expr, $scale:ident, $smooth:ident;
        )*
    }) => {
        [$(concat!("band", $number, "_", stringify!($field))),*]
    };
}
pub(super) use band_params;

/// Fields under other names.
pub(super) const fn renamed<const N: usize>(
    fields: &[Field],
    names: [&'static str; N],
) -> [Field; N] {
    let mut out = [fields[0]; N];
    let mut n = 0;
    while n < N {
        out[n] = Field { name: names[n], ..fields[n] };
        n += 1;
    }
    out
}

/// Band and field of a name.
pub(super) fn place<const N: usize>(rows: &[[Field; N]], name: &str) -> Option<(usize, usize)> {
    rows.iter().enumerate().find_map(|(band, fields)| {
        Some((band, fields.iter().position(|field| field.name == name)?))
    })
}

/// Checks the fields of a band under their full names.
pub(super) fn check<const N: usize>(
    row: &[Field; N],
    own: &[Field],
    value: impl Fn(&str) -> Option<f64>,
) -> Result<(), Error> {
    for (field, own) in row.iter().zip(own) {
        field.check(value(own.name).unwrap_or(f64::NAN))?;
    }
    Ok(())
}

/// Lists of bands as JSON: without those at the end that stand at their defaults.
#[cfg(feature = "json")]
pub(super) mod json {
    use alloc::vec::Vec;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(in crate::dynamics) fn serialize<T, S: Serializer, const N: usize>(
        bands: &[T; N],
        to: S,
    ) -> Result<S::Ok, S::Error>
    where
        T: Serialize + Default + PartialEq,
    {
        let used = bands.iter().rposition(|band| *band != T::default());
        bands.iter().take(used.map_or(0, |last| last + 1)).collect::<Vec<_>>().serialize(to)
    }

    pub(in crate::dynamics) fn deserialize<'de, T, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[T; N], D::Error>
    where
        T: Deserialize<'de> + Default,
    {
        let given = Vec::<T>::deserialize(from)?;
        if given.len() > N {
            return Err(D::Error::invalid_length(given.len(), &"no more bands than there may be"));
        }
        let mut given = given.into_iter();
        Ok(core::array::from_fn(|_| given.next().unwrap_or_default()))
    }
}
