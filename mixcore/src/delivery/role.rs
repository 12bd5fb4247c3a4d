//! What a track is for: the roles of post-production and the three stems they roll up to.
//!
//! Every strip of a session has one role; every role rolls up to dialogue, music or effects, so
//! that "dialogue over background" and the stems of a delivery mean the same thing everywhere.
//! Source: trade convention (D, M and E stems of a printmaster; M&E is what is left without D).

use core::fmt;

use crate::error::{Error, Text};

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident, $key:literal, $stem:ident, $words:literal;)+) => {
        /// What a strip carries.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub enum Role {
            $(
                $(#[$doc])*
                #[cfg_attr(feature = "json", serde(rename = $key))]
                $name,
            )+
        }

        impl Role {
            /// Every role, in the order of a stem list.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The trade's short name: "DX", "MX".
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)+ }
            }

            /// The stem that the role rolls up to.
            #[must_use]
            pub const fn stem(self) -> Stem {
                match self { $(Self::$name => Stem::$stem,)+ }
            }

            /// The role in words.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)+ }
            }
        }
    };
}

roles! {
    /// Production and post-synchronised dialogue.
    Dx, "DX", Dialogue, "dialogue";
    /// Narration, voice-over, audio description.
    Narr, "NARR", Dialogue, "narration";
    /// Music, source music included.
    Mx, "MX", Music, "music";
    /// Backgrounds and room tone.
    Amb, "AMB", Effects, "ambience";
    /// Hard effects.
    Fx, "FX", Effects, "effects";
    /// Footsteps, cloth, props.
    Foley, "FOLEY", Effects, "foley";
    /// Crowd and walla.
    Crowd, "CROWD", Effects, "crowd";
    /// Optional material: production effects and lines that a version may leave out.
    Opt, "OPT", Effects, "optional";
}

/// One of the three stems of a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "json", serde(rename_all = "lowercase"))]
pub enum Stem {
    /// D: what is said.
    Dialogue,
    /// M: the music.
    Music,
    /// E: everything else.
    Effects,
}

impl Role {
    /// The role of that short name.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the names that exist.
    ///
    /// # Example
    /// ```
    /// use mixcore::delivery::{Role, Stem};
    /// assert_eq!(Role::named("AMB").unwrap().stem(), Stem::Effects);
    /// assert!(Role::named("amb").is_err());
    /// ```
    pub fn named(key: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|role| role.key() == key).ok_or(Error::UnknownName {
            what: "role",
            given: Text::new(key),
            allowed: "DX, NARR, MX, AMB, FX, FOLEY, CROWD, OPT",
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl Stem {
    /// The stem in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Dialogue => "dialogue",
            Self::Music => "music",
            Self::Effects => "effects",
        }
    }
}

impl fmt::Display for Stem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_by_its_own_name() {
        for &role in Role::ALL {
            assert_eq!(Role::named(role.key()), Ok(role));
            let Err(Error::UnknownName { allowed, .. }) = Role::named("?") else {
                panic!("a question mark is no role")
            };
            assert!(allowed.contains(role.key()));
        }
    }
}
