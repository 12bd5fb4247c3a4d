// mixcore for C++17: owners of the handles in mixcore.h.
//
// What is tagged [audio thread] is noexcept and returns a status, or NAN where there is no number;
// everything else throws mixcore::error. Objects are move-only; one thread at a time.
#ifndef MIXCORE_HPP
#define MIXCORE_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "mixcore.h"

#if defined(__has_include)
#if __has_include(<span>) && __cplusplus >= 202002L
#include <span>
#endif
#endif

namespace mixcore {

/// A failed call: the status, and the text of mixcore_last_error() if that is of this status. A status
/// from another thread comes without that text, and says what it means in general.
class error : public std::runtime_error {
 public:
  explicit error(mixcore_status status) : std::runtime_error(text(status)), status_(status) {}
  /// MIXCORE_ERROR_*.
  mixcore_status status() const noexcept { return status_; }

 private:
  static const char *text(mixcore_status status) noexcept {
    return mixcore_last_status() == status ? mixcore_last_error() : mixcore_status_string(status);
  }

  mixcore_status status_;
};

/// Throws mixcore::error unless the status is MIXCORE_OK.
inline void check(mixcore_status status) {
  if (status != MIXCORE_OK) throw error(status);
}

namespace detail {

template <typename S>
constexpr std::int32_t sample_type() {
  static_assert(std::is_same_v<S, float> || std::is_same_v<S, double>, "samples are float or double");
  return std::is_same_v<S, float> ? MIXCORE_F32 : MIXCORE_F64;
}

template <typename T, void (*Free)(T *)>
struct freed {
  void operator()(T *handle) const noexcept { Free(handle); }
};

template <typename T, void (*Free)(T *)>
using owned = std::unique_ptr<T, freed<T, Free>>;

/// A text that a C function writes once its size is known.
template <typename Write>
std::string text(Write write) {
  std::size_t needed = 0;
  check(write(nullptr, 0, &needed));
  std::string text(needed, '\0');
  check(write(text.data(), text.size(), &needed));
  text.resize(needed - 1);
  return text;
}

/// Frames in so many interleaved samples. SIZE_MAX, which every call refuses, if the last is not whole.
constexpr std::size_t frames_in(std::size_t samples, std::size_t n_channels) noexcept {
  if (n_channels == 0) return 0;
  return samples % n_channels == 0 ? samples / n_channels : SIZE_MAX;
}

/// A reading, or nothing where there is none.
inline std::optional<double> reading(double value) {
  return std::isnan(value) ? std::nullopt : std::optional<double>(value);
}

}  // namespace detail

/// Settings of a meter; see mixcore_meter_config.
struct meter_settings {
  std::int32_t true_peak = MIXCORE_TRUE_PEAK_FINE;
  bool dual_mono = false;
  double max_duration_s = 14400.0;
};

/// A loudness and true-peak meter for float or double samples.
template <typename S = float>
class meter {
 public:
  meter(double rate_hz, const char *layout, const meter_settings &settings = {}) {
    mixcore_meter_config config = MIXCORE_METER_CONFIG_INIT;
    config.sample_type = detail::sample_type<S>();
    config.rate_hz = rate_hz;
    config.layout = layout;
    config.true_peak = settings.true_peak;
    config.dual_mono = settings.dual_mono ? 1 : 0;
    config.max_duration_s = settings.max_duration_s;
    mixcore_meter *handle = nullptr;
    check(mixcore_meter_new(&config, &handle));
    handle_.reset(handle);
  }

  /// Measures a block, one pointer per channel. [audio thread]
  mixcore_status push(const S *const *channels, std::size_t n_channels, std::size_t n_frames) noexcept {
    if constexpr (std::is_same_v<S, float>)
      return mixcore_meter_push_f32(handle_.get(), channels, n_channels, n_frames);
    else
      return mixcore_meter_push_f64(handle_.get(), channels, n_channels, n_frames);
  }

  /// Measures a block of interleaved samples. [audio thread]
  mixcore_status push_interleaved(const S *samples, std::size_t n_channels, std::size_t n_frames) noexcept {
    if constexpr (std::is_same_v<S, float>)
      return mixcore_meter_push_interleaved_f32(handle_.get(), samples, n_channels, n_frames);
    else
      return mixcore_meter_push_interleaved_f64(handle_.get(), samples, n_channels, n_frames);
  }

#if defined(__cpp_lib_span)
  /// Measures a block of interleaved samples; whole frames, or MIXCORE_ERROR_FRAMES. [audio thread]
  mixcore_status push_interleaved(std::span<const S> samples, std::size_t n_channels) noexcept {
    return push_interleaved(samples.data(), n_channels, detail::frames_in(samples.size(), n_channels));
  }
#endif

  /// A reading by its name ("integrated_lufs", "true_peak_dbtp"), or nothing where there is none;
  /// *reason then says why, MIXCORE_REASON_*.
  std::optional<double> get(const char *quantity, std::int32_t *reason = nullptr) const {
    double value = 0.0;
    check(mixcore_meter_get(handle_.get(), quantity, &value, reason));
    return detail::reading(value);
  }

  /// Loudness of the last 0.4 s, LUFS; NAN where there is none. [audio thread]
  double momentary_lufs() const noexcept {
    double value = NAN;
    mixcore_meter_momentary_lufs(handle_.get(), &value, nullptr);
    return value;
  }

  /// Loudness of the last 3 s, LUFS; NAN where there is none. [audio thread]
  double short_term_lufs() const noexcept {
    double value = NAN;
    mixcore_meter_short_term_lufs(handle_.get(), &value, nullptr);
    return value;
  }

  /// Starts anew. [audio thread]
  mixcore_status reset() noexcept { return mixcore_meter_reset(handle_.get()); }

  /// The handle, for the functions of mixcore.h.
  mixcore_meter *get() const noexcept { return handle_.get(); }

 private:
  detail::owned<mixcore_meter, mixcore_meter_free> handle_;
};

/// Settings of a limiter; see mixcore_limiter_config.
struct limiter_settings {
  double ceiling_dbtp = -1.0;
  double release_ms = 100.0;
  double lookahead_ms = 5.0;
  std::int32_t link = MIXCORE_LINK_FULL;
};

/// A look-ahead true-peak limiter for float or double samples.
template <typename S = float>
class limiter {
 public:
  limiter(double rate_hz, const char *layout, const limiter_settings &settings = {}) {
    mixcore_limiter_config config = MIXCORE_LIMITER_CONFIG_INIT;
    config.sample_type = detail::sample_type<S>();
    config.rate_hz = rate_hz;
    config.layout = layout;
    config.ceiling_dbtp = settings.ceiling_dbtp;
    config.release_ms = settings.release_ms;
    config.lookahead_ms = settings.lookahead_ms;
    config.link = settings.link;
    mixcore_limiter *handle = nullptr;
    check(mixcore_limiter_new(&config, &handle));
    handle_.reset(handle);
    check(mixcore_limiter_latency_frames(handle, &latency_frames_));
  }

  /// Limits a block from inputs to outputs, one pointer per channel. [audio thread]
  mixcore_status process(const S *const *inputs, S *const *outputs, std::size_t n_channels,
                         std::size_t n_frames) noexcept {
    if constexpr (std::is_same_v<S, float>)
      return mixcore_limiter_process_f32(handle_.get(), inputs, outputs, n_channels, n_frames);
    else
      return mixcore_limiter_process_f64(handle_.get(), inputs, outputs, n_channels, n_frames);
  }

  /// Limits a block in place, one pointer per channel. [audio thread]
  mixcore_status process(S *const *channels, std::size_t n_channels, std::size_t n_frames) noexcept {
    return process(nullptr, channels, n_channels, n_frames);
  }

  /// Limits a block of interleaved samples in place. [audio thread]
  mixcore_status process_interleaved(S *samples, std::size_t n_channels, std::size_t n_frames) noexcept {
    if constexpr (std::is_same_v<S, float>)
      return mixcore_limiter_process_interleaved_f32(handle_.get(), samples, n_channels, n_frames);
    else
      return mixcore_limiter_process_interleaved_f64(handle_.get(), samples, n_channels, n_frames);
  }

#if defined(__cpp_lib_span)
  /// Limits a block of interleaved samples in place; whole frames, or MIXCORE_ERROR_FRAMES. [audio thread]
  mixcore_status process_interleaved(std::span<S> samples, std::size_t n_channels) noexcept {
    return process_interleaved(samples.data(), n_channels, detail::frames_in(samples.size(), n_channels));
  }
#endif

  /// Frames by which the output lags; constant for life.
  std::size_t latency_frames() const noexcept { return latency_frames_; }

  /// Largest gain reduction in the newest 64 frames of output, dB. [audio thread]
  double gain_reduction_db() const noexcept {
    double value = NAN;
    mixcore_limiter_gain_reduction_db(handle_.get(), &value);
    return value;
  }

  /// Moves the ceiling over 20 ms. [audio thread]
  mixcore_status set_ceiling_dbtp(double ceiling_dbtp) noexcept {
    return mixcore_limiter_set_ceiling_dbtp(handle_.get(), ceiling_dbtp);
  }

  /// Changes the release. [audio thread]
  mixcore_status set_release_ms(double release_ms) noexcept {
    return mixcore_limiter_set_release_ms(handle_.get(), release_ms);
  }

  /// Starts anew. [audio thread]
  mixcore_status reset() noexcept { return mixcore_limiter_reset(handle_.get()); }

  /// The handle, for the functions of mixcore.h.
  mixcore_limiter *get() const noexcept { return handle_.get(); }

 private:
  detail::owned<mixcore_limiter, mixcore_limiter_free> handle_;
  std::size_t latency_frames_ = 0;
};

/// Settings of a verification; see mixcore_verify_config.
struct verify_settings {
  const char *title = nullptr;
  std::int32_t bit_depth = 0;
  bool dual_mono = false;
};

/// A programme on its way to a verdict: push, finish, judge.
template <typename S = float>
class verify {
 public:
  verify(double rate_hz, const char *layout, std::uint64_t max_frames, const verify_settings &settings = {}) {
    mixcore_verify_config config = MIXCORE_VERIFY_CONFIG_INIT;
    config.sample_type = detail::sample_type<S>();
    config.rate_hz = rate_hz;
    config.layout = layout;
    config.title = settings.title;
    config.max_frames = max_frames;
    config.bit_depth = settings.bit_depth;
    config.dual_mono = settings.dual_mono ? 1 : 0;
    mixcore_verify *handle = nullptr;
    check(mixcore_verify_new(&config, &handle));
    handle_.reset(handle);
  }

  /// Measures the next block, one pointer per channel.
  void push(const S *const *channels, std::size_t n_channels, std::size_t n_frames) {
    if constexpr (std::is_same_v<S, float>)
      check(mixcore_verify_push_f32(handle_.get(), channels, n_channels, n_frames));
    else
      check(mixcore_verify_push_f64(handle_.get(), channels, n_channels, n_frames));
  }

  /// Measures the next block of interleaved samples.
  void push_interleaved(const S *samples, std::size_t n_channels, std::size_t n_frames) {
    if constexpr (std::is_same_v<S, float>)
      check(mixcore_verify_push_interleaved_f32(handle_.get(), samples, n_channels, n_frames));
    else
      check(mixcore_verify_push_interleaved_f64(handle_.get(), samples, n_channels, n_frames));
  }

  /// Ends the programme.
  void finish() { check(mixcore_verify_finish(handle_.get())); }

  /// A reading of the finished programme by its name, as meter::get.
  std::optional<double> get(const char *quantity, std::int32_t *reason = nullptr) const {
    double value = 0.0;
    check(mixcore_verify_get(handle_.get(), quantity, &value, reason));
    return detail::reading(value);
  }

  /// Judges by the id of a preset or by JSON text: MIXCORE_VERDICT_*.
  std::int32_t judge(const char *spec) {
    std::int32_t verdict = MIXCORE_VERDICT_NOT_EVALUATED;
    check(mixcore_verify_judge(handle_.get(), spec, &verdict));
    return verdict;
  }

  /// The report of the last verdict, in one of MIXCORE_FORM_*.
  std::string report(std::int32_t form = MIXCORE_FORM_TEXT) const {
    return detail::text([this, form](char *buffer, std::size_t capacity, std::size_t *needed) {
      return mixcore_verify_report(handle_.get(), form, buffer, capacity, needed);
    });
  }

  /// The handle, for the functions of mixcore.h.
  mixcore_verify *get() const noexcept { return handle_.get(); }

 private:
  detail::owned<mixcore_verify, mixcore_verify_free> handle_;
};

/// The ids of all specification presets, one a line.
inline std::string specs() { return detail::text(mixcore_verify_specs); }

}  // namespace mixcore

#endif  // MIXCORE_HPP
