/*
 * mixcore: loudness metering, true-peak limiting and delivery verification.
 *
 * Generated from mixcore-c/src by tests/header.rs. Do not edit.
 *
 * Every function but those that return text answers MIXCORE_OK or MIXCORE_ERROR_*; the text is in
 * mixcore_last_error(). A handle belongs to one thread at a time: a second call that comes while the
 * first is inside gets MIXCORE_ERROR_BUSY. Different handles are free of each other.
 *
 * [audio thread]: never allocates, locks, logs or makes a system call. One exception: in a plug-in
 * that is loaded while the program runs, the first failing call of a thread makes room for its text;
 * call mixcore_last_error() once where the thread starts.
 * [not on the audio thread]: may allocate.
 * [any thread]: needs no handle.
 */

#ifndef MIXCORE_H
#define MIXCORE_H

#include <stddef.h>
#include <stdint.h>

/* Version of this header; mixcore_version_string() is that of the library. */
#define MIXCORE_VERSION "0.1.0"

/**
 * The call did what it was asked to do.
 */
#define MIXCORE_OK 0

/**
 * A pointer that is needed is NULL.
 */
#define MIXCORE_ERROR_NULL 1

/**
 * The struct_size of a config is none that this library knows.
 */
#define MIXCORE_ERROR_STRUCT_SIZE 2

/**
 * A number is outside its range, not finite, or none of the named constants.
 */
#define MIXCORE_ERROR_RANGE 3

/**
 * A name (layout, quantity, specification) that does not exist.
 */
#define MIXCORE_ERROR_NAME 4

/**
 * Another number of channels than the layout has.
 */
#define MIXCORE_ERROR_CHANNELS 5

/**
 * More frames than memory can hold or than were announced.
 */
#define MIXCORE_ERROR_FRAMES 6

/**
 * Channel pointers that are not aligned or that overlap each other.
 */
#define MIXCORE_ERROR_POINTERS 7

/**
 * The handle was made for the other sample type.
 */
#define MIXCORE_ERROR_SAMPLE_TYPE 8

/**
 * A meter has recorded as much as it was made for.
 */
#define MIXCORE_ERROR_FULL 9

/**
 * A text that is not UTF-8, or JSON with faults.
 */
#define MIXCORE_ERROR_TEXT 10

/**
 * A call that does not fit the state: push after finish, report before judge.
 */
#define MIXCORE_ERROR_STATE 11

/**
 * Another thread is inside a call on this handle.
 */
#define MIXCORE_ERROR_BUSY 12

/**
 * The caller's buffer is too small; the size that is needed was written.
 */
#define MIXCORE_ERROR_BUFFER 13

/**
 * A fault of the library itself; the handle answers nothing but this from now on.
 */
#define MIXCORE_ERROR_PANIC 14

/**
 * Changes whenever a program that was built with an older header would misbehave.
 */
#define MIXCORE_ABI_VERSION 1

/**
 * Samples are float.
 */
#define MIXCORE_F32 0

/**
 * Samples are double.
 */
#define MIXCORE_F64 1

/**
 * True peak at 8 points a frame (4 above 64 kHz): the default.
 */
#define MIXCORE_TRUE_PEAK_FINE 0

/**
 * True peak by the 4 x 12 coefficients printed in BS.1770, Annex 2.
 */
#define MIXCORE_TRUE_PEAK_ANNEX2 1

/**
 * True peak by the 4x 49-tap form of libebur128.
 */
#define MIXCORE_TRUE_PEAK_SINC49 2

/**
 * Sample peak only.
 */
#define MIXCORE_TRUE_PEAK_OFF 3

/**
 * The reading has a value.
 */
#define MIXCORE_REASON_NONE 0

/**
 * There is too little material for it.
 */
#define MIXCORE_REASON_TOO_SHORT 1

/**
 * Digital silence, or nothing above the gate.
 */
#define MIXCORE_REASON_BELOW_GATE 2

/**
 * It was not measured, or does not apply.
 */
#define MIXCORE_REASON_NOT_APPLICABLE 3

/**
 * All channels get one gain (an LFE its own).
 */
#define MIXCORE_LINK_FULL 0

/**
 * Every channel has its own gain.
 */
#define MIXCORE_LINK_OFF 1

/**
 * Inside all limits.
 */
#define MIXCORE_VERDICT_PASS 0

/**
 * Inside, but worth a look.
 */
#define MIXCORE_VERDICT_WARN 1

/**
 * Not judged: it is no pass.
 */
#define MIXCORE_VERDICT_NOT_EVALUATED 2

/**
 * Outside a limit.
 */
#define MIXCORE_VERDICT_FAIL 3

/**
 * A report for a terminal.
 */
#define MIXCORE_FORM_TEXT 0

/**
 * A report as JSON (schema mixcore-report-1).
 */
#define MIXCORE_FORM_JSON 1

/**
 * A report as a page with plots.
 */
#define MIXCORE_FORM_HTML 2

/**
 * The findings as comma-separated values.
 */
#define MIXCORE_FORM_CSV 3

/**
 * The findings as JUnit XML.
 */
#define MIXCORE_FORM_JUNIT 4

/**
 * A look-ahead true-peak limiter. One thread at a time.
 */
typedef struct mixcore_limiter mixcore_limiter;

/**
 * A loudness and true-peak meter. One thread at a time.
 */
typedef struct mixcore_meter mixcore_meter;

/**
 * A programme on its way to a verdict: push, finish, then judge as often as you like.
 */
typedef struct mixcore_verify mixcore_verify;

/**
 * Result of a call: MIXCORE_OK or one of MIXCORE_ERROR_*.
 */
typedef int32_t mixcore_status;

/**
 * What a meter is made for: start from MIXCORE_METER_CONFIG_INIT.
 */
typedef struct {
  /**
   * sizeof(mixcore_meter_config).
   */
  uint32_t struct_size;
  /**
   * MIXCORE_F32 or MIXCORE_F64: which of the push functions will be called.
   */
  int32_t sample_type;
  /**
   * Sample rate, 8000 to 384000 Hz. It has no default.
   */
  double rate_hz;
  /**
   * Name of the layout, "stereo", "5.1", "0+5+0". It has no default.
   */
  const char *layout;
  /**
   * MIXCORE_TRUE_PEAK_*.
   */
  int32_t true_peak;
  /**
   * 1: a mono programme is heard from two loudspeakers and reads 3.01 LU more.
   */
  int32_t dual_mono;
  /**
   * Programme duration that it can record, 0.4 to 360000 s (8 bytes per 10 ms).
   */
  double max_duration_s;
} mixcore_meter_config;

/**
 * What a limiter is made for: start from MIXCORE_LIMITER_CONFIG_INIT.
 */
typedef struct {
  /**
   * sizeof(mixcore_limiter_config).
   */
  uint32_t struct_size;
  /**
   * MIXCORE_F32 or MIXCORE_F64: which of the process functions will be called.
   */
  int32_t sample_type;
  /**
   * Sample rate, 8000 to 384000 Hz. It has no default.
   */
  double rate_hz;
  /**
   * Name of the layout, "stereo", "5.1", "0+5+0". It has no default.
   */
  const char *layout;
  /**
   * True-peak level that the output stays below, -60 to 0 dBTP.
   */
  double ceiling_dbtp;
  /**
   * Time in which a gain reduction falls to 36.8 % after a peak, 1 to 5000 ms.
   */
  double release_ms;
  /**
   * Look-ahead, ms; it makes the latency, for life.
   */
  double lookahead_ms;
  /**
   * MIXCORE_LINK_FULL or MIXCORE_LINK_OFF.
   */
  int32_t link;
  /**
   * Set it to 0.
   */
  int32_t reserved;
} mixcore_limiter_config;

/**
 * What is verified: start from MIXCORE_VERIFY_CONFIG_INIT.
 */
typedef struct {
  /**
   * sizeof(mixcore_verify_config).
   */
  uint32_t struct_size;
  /**
   * MIXCORE_F32 or MIXCORE_F64: which of the push functions will be called.
   */
  int32_t sample_type;
  /**
   * Sample rate, 8000 to 384000 Hz. It has no default.
   */
  double rate_hz;
  /**
   * Name of the layout, "stereo", "5.1", "0+5+0". It has no default.
   */
  const char *layout;
  /**
   * Name of the programme for the report; NULL for none.
   */
  const char *title;
  /**
   * Frames that will be pushed, at most.
   */
  uint64_t max_frames;
  /**
   * Bits of a sample in the file, 0 where it is none or holds floats.
   */
  int32_t bit_depth;
  /**
   * 1: a mono programme is heard from two loudspeakers and reads 3.01 LU more.
   */
  int32_t dual_mono;
} mixcore_verify_config;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Text of the last call that failed in this thread; empty before the first.
 *
 * The text lives until the next call of this thread fails. [any thread]
 */
const char *mixcore_last_error(void);

/**
 * Status of the last call that failed in this thread, to which the text of mixcore_last_error()
 * belongs; MIXCORE_OK before the first. [any thread]
 */
mixcore_status mixcore_last_status(void);

/**
 * What a status means, as a constant text. [any thread]
 */
const char *mixcore_status_string(mixcore_status status);

/**
 * Version of the library, such as "0.1.0". [any thread]
 */
const char *mixcore_version_string(void);

/**
 * MIXCORE_ABI_VERSION of the library: compare it with the header's. [any thread]
 */
uint32_t mixcore_abi_version(void);

/**
 * Make a meter; write it to *meter.
 *
 * Allocates everything that it will ever need. [not on the audio thread]
 *
 * config points to a mixcore_meter_config whose struct_size is set; meter may be written to.
 */
mixcore_status mixcore_meter_new(const mixcore_meter_config *config, mixcore_meter **meter);

/**
 * Free a meter; NULL is fine. [not on the audio thread]
 *
 * meter is NULL or a live handle, and is not used again.
 */
void mixcore_meter_free(mixcore_meter *meter);

/**
 * Measure a block of float samples, one pointer per channel.
 *
 * Nothing is recorded where it fails. [audio thread]
 *
 * meter is a live handle; channels points to n_channels pointers to n_frames samples.
 */
mixcore_status mixcore_meter_push_f32(mixcore_meter *meter,
                                      const float *const *channels,
                                      size_t n_channels,
                                      size_t n_frames);

/**
 * Measure a block of interleaved float samples, as mixcore_meter_push_f32. [audio thread]
 *
 * meter is a live handle; samples points to n_channels times n_frames samples.
 */
mixcore_status mixcore_meter_push_interleaved_f32(mixcore_meter *meter,
                                                  const float *samples,
                                                  size_t n_channels,
                                                  size_t n_frames);

/**
 * Measure a block of double samples, one pointer per channel.
 *
 * Nothing is recorded where it fails. [audio thread]
 *
 * meter is a live handle; channels points to n_channels pointers to n_frames samples.
 */
mixcore_status mixcore_meter_push_f64(mixcore_meter *meter,
                                      const double *const *channels,
                                      size_t n_channels,
                                      size_t n_frames);

/**
 * Measure a block of interleaved double samples, as mixcore_meter_push_f64. [audio thread]
 *
 * meter is a live handle; samples points to n_channels times n_frames samples.
 */
mixcore_status mixcore_meter_push_interleaved_f64(mixcore_meter *meter,
                                                  const double *samples,
                                                  size_t n_channels,
                                                  size_t n_frames);

/**
 * A reading by the name of its quantity: "integrated_lufs", "true_peak_dbtp", "plr_db" and so on.
 *
 * Write it to *value, and why there is none to *reason (MIXCORE_REASON_*), which may be NULL. A
 * reading without a value is NAN and no error. Costs a pass over what was recorded; allocates.
 * [not on the audio thread]
 *
 * meter is a live handle; quantity is zero-terminated; value may be written to.
 */
mixcore_status mixcore_meter_get(const mixcore_meter *meter,
                                 const char *quantity,
                                 double *value,
                                 int32_t *reason);

/**
 * Loudness of the last 0.4 s, LUFS: NAN and a reason where there is none. [audio thread]
 *
 * reason may be NULL.
 *
 * meter is a live handle; value may be written to.
 */
mixcore_status mixcore_meter_momentary_lufs(const mixcore_meter *meter,
                                            double *value,
                                            int32_t *reason);

/**
 * Loudness of the last 3 s, LUFS: NAN and a reason where there is none. [audio thread]
 *
 * reason may be NULL.
 *
 * meter is a live handle; value may be written to.
 */
mixcore_status mixcore_meter_short_term_lufs(const mixcore_meter *meter,
                                             double *value,
                                             int32_t *reason);

/**
 * Start anew. [audio thread]
 *
 * meter is a live handle.
 */
mixcore_status mixcore_meter_reset(mixcore_meter *meter);

/**
 * Make a limiter; write it to *limiter.
 *
 * Allocates everything that it will ever need. [not on the audio thread]
 *
 * config points to a mixcore_limiter_config whose struct_size is set; limiter may be written
 * to.
 */
mixcore_status mixcore_limiter_new(const mixcore_limiter_config *config, mixcore_limiter **limiter);

/**
 * Free a limiter; NULL is fine. [not on the audio thread]
 *
 * limiter is NULL or a live handle, and is not used again.
 */
void mixcore_limiter_free(mixcore_limiter *limiter);

/**
 * Limit a block of float samples, one pointer per channel. [audio thread]
 *
 * inputs may be NULL, or the same pointers as outputs: the outputs then hold the input. Otherwise
 * no output may overlap an input. The output lags by the latency. Nothing happens where it fails.
 *
 * limiter is a live handle; inputs (or NULL) and outputs point to n_channels pointers to
 * n_frames samples that nobody else uses meanwhile.
 */
mixcore_status mixcore_limiter_process_f32(mixcore_limiter *limiter,
                                           const float *const *inputs,
                                           float *const *outputs,
                                           size_t n_channels,
                                           size_t n_frames);

/**
 * Limit a block of interleaved float samples in place, as mixcore_limiter_process_f32.
 * [audio thread]
 *
 * limiter is a live handle; samples points to n_channels times n_frames samples that nobody else
 * uses meanwhile.
 */
mixcore_status mixcore_limiter_process_interleaved_f32(mixcore_limiter *limiter,
                                                       float *samples,
                                                       size_t n_channels,
                                                       size_t n_frames);

/**
 * Limit a block of double samples, one pointer per channel. [audio thread]
 *
 * inputs may be NULL, or the same pointers as outputs: the outputs then hold the input. Otherwise
 * no output may overlap an input. The output lags by the latency. Nothing happens where it fails.
 *
 * limiter is a live handle; inputs (or NULL) and outputs point to n_channels pointers to
 * n_frames samples that nobody else uses meanwhile.
 */
mixcore_status mixcore_limiter_process_f64(mixcore_limiter *limiter,
                                           const double *const *inputs,
                                           double *const *outputs,
                                           size_t n_channels,
                                           size_t n_frames);

/**
 * Limit a block of interleaved double samples in place, as mixcore_limiter_process_f64.
 * [audio thread]
 *
 * limiter is a live handle; samples points to n_channels times n_frames samples that nobody else
 * uses meanwhile.
 */
mixcore_status mixcore_limiter_process_interleaved_f64(mixcore_limiter *limiter,
                                                       double *samples,
                                                       size_t n_channels,
                                                       size_t n_frames);

/**
 * Move the ceiling, over 20 ms from the next input frame, -60 to 0 dBTP. [audio thread]
 *
 * limiter is a live handle.
 */
mixcore_status mixcore_limiter_set_ceiling_dbtp(mixcore_limiter *limiter, double ceiling_dbtp);

/**
 * Change the release, 1 to 5000 ms. [audio thread]
 *
 * limiter is a live handle.
 */
mixcore_status mixcore_limiter_set_release_ms(mixcore_limiter *limiter, double release_ms);

/**
 * Frames by which the output lags, to *latency_frames; constant for life. [audio thread]
 *
 * limiter is a live handle; latency_frames may be written to.
 */
mixcore_status mixcore_limiter_latency_frames(const mixcore_limiter *limiter,
                                              size_t *latency_frames);

/**
 * Largest gain reduction of any channel in the newest 64 frames of output, dB, to
 * *gain_reduction_db. [audio thread]
 *
 * limiter is a live handle; gain_reduction_db may be written to.
 */
mixcore_status mixcore_limiter_gain_reduction_db(const mixcore_limiter *limiter,
                                                 double *gain_reduction_db);

/**
 * Start anew, with the current parameters. [audio thread]
 *
 * limiter is a live handle.
 */
mixcore_status mixcore_limiter_reset(mixcore_limiter *limiter);

/**
 * Begin to verify a programme; write the handle to *verify. [not on the audio thread]
 *
 * config points to a mixcore_verify_config whose struct_size is set; verify may be written to.
 */
mixcore_status mixcore_verify_new(const mixcore_verify_config *config, mixcore_verify **verify);

/**
 * Free it; NULL is fine. [not on the audio thread]
 *
 * verify is NULL or a live handle, and is not used again.
 */
void mixcore_verify_free(mixcore_verify *verify);

/**
 * Measure the next block of float samples, one pointer per channel. [not on the audio thread]
 *
 * verify is a live handle; channels points to n_channels pointers to n_frames samples.
 */
mixcore_status mixcore_verify_push_f32(mixcore_verify *verify,
                                       const float *const *channels,
                                       size_t n_channels,
                                       size_t n_frames);

/**
 * Measure the next block of interleaved float samples. [not on the audio thread]
 *
 * verify is a live handle; samples points to n_channels times n_frames samples.
 */
mixcore_status mixcore_verify_push_interleaved_f32(mixcore_verify *verify,
                                                   const float *samples,
                                                   size_t n_channels,
                                                   size_t n_frames);

/**
 * Measure the next block of double samples, one pointer per channel. [not on the audio thread]
 *
 * verify is a live handle; channels points to n_channels pointers to n_frames samples.
 */
mixcore_status mixcore_verify_push_f64(mixcore_verify *verify,
                                       const double *const *channels,
                                       size_t n_channels,
                                       size_t n_frames);

/**
 * Measure the next block of interleaved double samples. [not on the audio thread]
 *
 * verify is a live handle; samples points to n_channels times n_frames samples.
 */
mixcore_status mixcore_verify_push_interleaved_f64(mixcore_verify *verify,
                                                   const double *samples,
                                                   size_t n_channels,
                                                   size_t n_frames);

/**
 * End the programme: from here on it can be read and judged. [not on the audio thread]
 *
 * verify is a live handle.
 */
mixcore_status mixcore_verify_finish(mixcore_verify *verify);

/**
 * A reading of the finished programme by the name of its quantity, as mixcore_meter_get.
 * [not on the audio thread]
 *
 * verify is a live handle; quantity is zero-terminated; value may be written to.
 */
mixcore_status mixcore_verify_get(const mixcore_verify *verify,
                                  const char *quantity,
                                  double *value,
                                  int32_t *reason);

/**
 * Judge the finished programme; write MIXCORE_VERDICT_* to *verdict.
 *
 * spec is the id of a preset ("ebu-r128"), or a specification of your own as JSON text. May be
 * called again with others. [not on the audio thread]
 *
 * verify is a live handle; spec is zero-terminated; verdict may be written to.
 */
mixcore_status mixcore_verify_judge(mixcore_verify *verify, const char *spec, int32_t *verdict);

/**
 * The report of the last verdict as text, in one of MIXCORE_FORM_*.
 *
 * The bytes that it takes, with its closing zero, go to *needed; with a buffer of that capacity the
 * text is copied. buffer may be NULL, to ask for the size. [not on the audio thread]
 *
 * verify is a live handle; buffer is NULL or has room for capacity bytes; needed may be written
 * to.
 */
mixcore_status mixcore_verify_report(const mixcore_verify *verify,
                                     int32_t form,
                                     char *buffer,
                                     size_t capacity,
                                     size_t *needed);

/**
 * The ids of all specification presets, one a line; sizes as in mixcore_verify_report.
 * [not on the audio thread]
 *
 * buffer is NULL or has room for capacity bytes; needed may be written to.
 */
mixcore_status mixcore_verify_specs(char *buffer, size_t capacity, size_t *needed);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MIXCORE_H */

/* Defaults for every field; set rate_hz and layout. */
#define MIXCORE_METER_CONFIG_INIT \
  { (uint32_t)sizeof(mixcore_meter_config), MIXCORE_F32, 0.0, NULL, MIXCORE_TRUE_PEAK_FINE, 0, 14400.0 }

/* Defaults for every field; set rate_hz and layout. */
#define MIXCORE_LIMITER_CONFIG_INIT \
  { (uint32_t)sizeof(mixcore_limiter_config), MIXCORE_F32, 0.0, NULL, -1.0, 100.0, 5.0, MIXCORE_LINK_FULL, 0 }

/* Defaults for every field; set rate_hz, layout and max_frames. */
#define MIXCORE_VERIFY_CONFIG_INIT \
  { (uint32_t)sizeof(mixcore_verify_config), MIXCORE_F32, 0.0, NULL, NULL, 0, 0, 0 }
