/* Everything that a C program can get wrong: a status and a text, never a crash, nothing half done. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mixcore.h"

static int failures = 0;

#define EXPECT(wanted, call)                                                                    \
  do {                                                                                          \
    mixcore_status got = (call);                                                                \
    /* A failure keeps its status with its text; what succeeds leaves both alone. */            \
    if (got != (wanted)) {                                                                      \
      printf("line %d: %s gave %d, wanted %d: %s\n", __LINE__, #call, (int)got, (int)(wanted),  \
             mixcore_last_error());                                                             \
      ++failures;                                                                               \
    } else if (got != MIXCORE_OK && mixcore_last_status() != got) {                             \
      printf("line %d: %s left no text of its own\n", __LINE__, #call);                         \
      ++failures;                                                                               \
    }                                                                                           \
  } while (0)

#define SAYS(part)                                                                              \
  do {                                                                                          \
    if (strstr(mixcore_last_error(), part) == NULL) {                                           \
      printf("line %d: \"%s\" does not say \"%s\"\n", __LINE__, mixcore_last_error(), part);    \
      ++failures;                                                                               \
    }                                                                                           \
  } while (0)

#define TRUE_THAT(condition)                                                                    \
  do {                                                                                          \
    if (!(condition)) {                                                                         \
      printf("line %d: not %s\n", __LINE__, #condition);                                        \
      ++failures;                                                                               \
    }                                                                                           \
  } while (0)

static mixcore_meter_config meter_config(void) {
  mixcore_meter_config config = MIXCORE_METER_CONFIG_INIT;
  config.rate_hz = 48000.0;
  config.layout = "stereo";
  return config;
}

static void configs(void) {
  mixcore_meter_config config = meter_config();
  mixcore_meter *meter = (mixcore_meter *)&config;
  EXPECT(MIXCORE_ERROR_NULL, mixcore_meter_new(NULL, &meter));
  EXPECT(MIXCORE_ERROR_NULL, mixcore_meter_new(&config, NULL));
  config.struct_size = 0;
  EXPECT(MIXCORE_ERROR_STRUCT_SIZE, mixcore_meter_new(&config, &meter));
  /* Of a config that says it has four bytes, no more are read: valgrind watches. */
  uint32_t *cut = malloc(sizeof *cut);
  if (cut == NULL) exit(1);
  *cut = (uint32_t)sizeof *cut;
  EXPECT(MIXCORE_ERROR_STRUCT_SIZE, mixcore_meter_new((const mixcore_meter_config *)(void *)cut, &meter));
  free(cut);
  config.struct_size = (uint32_t)sizeof config + 8;
  EXPECT(MIXCORE_ERROR_STRUCT_SIZE, mixcore_meter_new(&config, &meter));
  SAYS("sizeof");
  config = meter_config();
  config.sample_type = 7;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_meter_new(&config, &meter));
  TRUE_THAT(meter == NULL);
  SAYS("sample_type is 7");
  config = meter_config();
  config.true_peak = -1;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_meter_new(&config, &meter));
  config.true_peak = INT32_MAX;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_meter_new(&config, &meter));
  config = meter_config();
  config.dual_mono = 2;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_meter_new(&config, &meter));
  config = meter_config();
  config.rate_hz = NAN;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_meter_new(&config, &meter));
  SAYS("rate_hz is NaN, allowed is 8000 to 384000");
  config = meter_config();
  config.layout = NULL;
  EXPECT(MIXCORE_ERROR_NULL, mixcore_meter_new(&config, &meter));
  config.layout = "7.3";
  EXPECT(MIXCORE_ERROR_NAME, mixcore_meter_new(&config, &meter));
  SAYS("5.1");
  config.layout = "\xff\xfe";
  EXPECT(MIXCORE_ERROR_TEXT, mixcore_meter_new(&config, &meter));
  config = meter_config();
  config.max_duration_s = 1e12;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_meter_new(&config, &meter));

  mixcore_limiter_config limiter_config = MIXCORE_LIMITER_CONFIG_INIT;
  mixcore_limiter *limiter = NULL;
  limiter_config.rate_hz = 48000.0;
  limiter_config.layout = "stereo";
  limiter_config.link = 2;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_limiter_new(&limiter_config, &limiter));
  limiter_config.link = MIXCORE_LINK_OFF;
  limiter_config.reserved = 1;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_limiter_new(&limiter_config, &limiter));
  limiter_config.reserved = 0;
  limiter_config.ceiling_dbtp = 1.0;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_limiter_new(&limiter_config, &limiter));
  SAYS("ceiling_dbtp is 1, allowed is -60 to 0");
  limiter_config.ceiling_dbtp = -1.0;
  limiter_config.lookahead_ms = HUGE_VAL;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_limiter_new(&limiter_config, &limiter));
  TRUE_THAT(limiter == NULL);
  mixcore_meter_free(NULL);
  mixcore_limiter_free(NULL);
  mixcore_verify_free(NULL);
}

static void blocks(void) {
  enum { FRAMES = 480 };
  static float samples[3 * FRAMES];
  static double wide[2 * FRAMES];
  mixcore_meter_config config = meter_config();
  mixcore_meter *meter = NULL;
  double value = 0.0;
  int32_t reason = -1;
  EXPECT(MIXCORE_OK, mixcore_meter_new(&config, &meter));
  const float *channels[2] = {samples, samples + FRAMES};
  const double *wides[2] = {wide, wide + FRAMES};
  EXPECT(MIXCORE_ERROR_NULL, mixcore_meter_push_f32(NULL, channels, 2, FRAMES));
  EXPECT(MIXCORE_ERROR_NULL, mixcore_meter_push_f32(meter, NULL, 2, FRAMES));
  EXPECT(MIXCORE_ERROR_CHANNELS, mixcore_meter_push_f32(meter, channels, 1, FRAMES));
  EXPECT(MIXCORE_ERROR_CHANNELS, mixcore_meter_push_f32(meter, channels, SIZE_MAX, FRAMES));
  EXPECT(MIXCORE_ERROR_CHANNELS, mixcore_meter_push_f32(meter, channels, 0, FRAMES));
  EXPECT(MIXCORE_ERROR_FRAMES, mixcore_meter_push_f32(meter, channels, 2, SIZE_MAX));
  EXPECT(MIXCORE_ERROR_FRAMES, mixcore_meter_push_f32(meter, channels, 2, SIZE_MAX / 8));
  EXPECT(MIXCORE_ERROR_SAMPLE_TYPE, mixcore_meter_push_f64(meter, wides, 2, FRAMES));
  SAYS("float");
  const float *half[2] = {samples, NULL};
  EXPECT(MIXCORE_ERROR_NULL, mixcore_meter_push_f32(meter, half, 2, FRAMES));
  const float *odd[2] = {samples, (const float *)(const void *)((const char *)samples + 1)};
  EXPECT(MIXCORE_ERROR_POINTERS, mixcore_meter_push_f32(meter, odd, 2, FRAMES));
  const float *high[2] = {samples, (const float *)(UINTPTR_MAX - 63)};
  EXPECT(MIXCORE_ERROR_POINTERS, mixcore_meter_push_f32(meter, high, 2, FRAMES));
  EXPECT(MIXCORE_ERROR_NULL, mixcore_meter_push_interleaved_f32(meter, NULL, 2, FRAMES));
  EXPECT(MIXCORE_ERROR_FRAMES, mixcore_meter_push_interleaved_f32(meter, samples, 2, SIZE_MAX / 2));
  /* Nothing was recorded by all that. */
  EXPECT(MIXCORE_OK, mixcore_meter_get(meter, "duration_s", &value, NULL));
  TRUE_THAT(value == 0.0);
  EXPECT(MIXCORE_OK, mixcore_meter_push_f32(meter, NULL, 2, 0));
  EXPECT(MIXCORE_OK, mixcore_meter_push_f32(meter, channels, 2, FRAMES));
  EXPECT(MIXCORE_OK, mixcore_meter_get(meter, "integrated_lufs", &value, &reason));
  TRUE_THAT(isnan(value) && reason == MIXCORE_REASON_TOO_SHORT);
  EXPECT(MIXCORE_OK, mixcore_meter_get(meter, "true_peak_dbtp", &value, &reason));
  TRUE_THAT(isnan(value) && reason == MIXCORE_REASON_BELOW_GATE);
  EXPECT(MIXCORE_OK, mixcore_meter_get(meter, "dialogue_lufs", &value, &reason));
  TRUE_THAT(isnan(value) && reason == MIXCORE_REASON_NOT_APPLICABLE);
  EXPECT(MIXCORE_OK, mixcore_meter_momentary_lufs(meter, &value, &reason));
  TRUE_THAT(isnan(value) && reason == MIXCORE_REASON_TOO_SHORT);
  EXPECT(MIXCORE_ERROR_NAME, mixcore_meter_get(meter, "loudness", &value, NULL));
  SAYS("integrated_lufs");
  EXPECT(MIXCORE_ERROR_NULL, mixcore_meter_get(meter, NULL, &value, NULL));
  EXPECT(MIXCORE_ERROR_NULL, mixcore_meter_get(meter, "integrated_lufs", NULL, NULL));
  EXPECT(MIXCORE_ERROR_NULL, mixcore_meter_reset(NULL));
  mixcore_meter_free(meter);

  mixcore_limiter_config limiter_config = MIXCORE_LIMITER_CONFIG_INIT;
  mixcore_limiter *limiter = NULL;
  limiter_config.rate_hz = 48000.0;
  limiter_config.layout = "stereo";
  EXPECT(MIXCORE_OK, mixcore_limiter_new(&limiter_config, &limiter));
  for (size_t n = 0; n < 3 * FRAMES; ++n) samples[n] = 1.0f;
  float *same[2] = {samples, samples};
  float *near_by[2] = {samples, samples + FRAMES - 1};
  float *apart[2] = {samples, samples + FRAMES};
  const float *shifted[2] = {samples + 1, samples + FRAMES};
  const float *crossed[2] = {samples + FRAMES, samples};
  EXPECT(MIXCORE_ERROR_POINTERS, mixcore_limiter_process_f32(limiter, NULL, same, 2, FRAMES));
  EXPECT(MIXCORE_ERROR_POINTERS, mixcore_limiter_process_f32(limiter, NULL, near_by, 2, FRAMES));
  EXPECT(MIXCORE_ERROR_POINTERS, mixcore_limiter_process_f32(limiter, shifted, apart, 2, FRAMES));
  EXPECT(MIXCORE_ERROR_POINTERS, mixcore_limiter_process_f32(limiter, crossed, apart, 2, FRAMES));
  SAYS("overlaps");
  TRUE_THAT(samples[0] == 1.0f && samples[2 * FRAMES - 1] == 1.0f);
  EXPECT(MIXCORE_ERROR_NULL, mixcore_limiter_process_f32(limiter, NULL, NULL, 2, FRAMES));
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_limiter_set_ceiling_dbtp(limiter, NAN));
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_limiter_set_release_ms(limiter, 0.0));
  EXPECT(MIXCORE_OK, mixcore_limiter_set_release_ms(limiter, 80.0));
  EXPECT(MIXCORE_ERROR_FRAMES, mixcore_limiter_process_f32(limiter, NULL, apart, 2, SIZE_MAX));
  EXPECT(MIXCORE_ERROR_CHANNELS, mixcore_limiter_process_f32(limiter, NULL, apart, SIZE_MAX, FRAMES));
  limiter_config.struct_size = 3;
  EXPECT(MIXCORE_ERROR_STRUCT_SIZE, mixcore_limiter_new(&limiter_config, &limiter));
  EXPECT(MIXCORE_ERROR_NULL, mixcore_limiter_latency_frames(limiter, NULL));
  EXPECT(MIXCORE_OK, mixcore_limiter_process_f32(limiter, (const float *const *)apart, apart, 2, FRAMES));
  mixcore_limiter_free(limiter);
}

static void verification(void) {
  mixcore_verify_config config = MIXCORE_VERIFY_CONFIG_INIT;
  mixcore_verify *verify = NULL;
  static float samples[2 * 48000];
  char small[16];
  size_t needed = 0;
  int32_t verdict = -1;
  double value = 0.0;
  config.rate_hz = 48000.0;
  config.layout = "stereo";
  config.max_frames = 48000;
  config.bit_depth = 7;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_verify_new(&config, &verify));
  config.bit_depth = 24;
  config.max_frames = UINT64_MAX;
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_verify_new(&config, &verify));
  SAYS("max_frames is 18446744073709551615, allowed is 0 to 17280000000");
  config.max_frames = 48000;
  config.struct_size = 3;
  EXPECT(MIXCORE_ERROR_STRUCT_SIZE, mixcore_verify_new(&config, &verify));
  config.struct_size = sizeof config;
  EXPECT(MIXCORE_OK, mixcore_verify_new(&config, &verify));
  EXPECT(MIXCORE_ERROR_STATE, mixcore_verify_judge(verify, "ebu-r128", &verdict));
  EXPECT(MIXCORE_ERROR_STATE, mixcore_verify_get(verify, "integrated_lufs", &value, NULL));
  EXPECT(MIXCORE_ERROR_FRAMES, mixcore_verify_push_interleaved_f32(verify, samples, 2, 48001));
  SAYS("n_frames is 48001, config.max_frames has room for 48000 more");
  const float *channels[2] = {samples, samples + 48000};
  EXPECT(MIXCORE_ERROR_FRAMES, mixcore_verify_push_f32(verify, channels, 2, 48001));
  SAYS("config.max_frames has room for 48000 more");
  EXPECT(MIXCORE_ERROR_FRAMES, mixcore_verify_push_f32(verify, channels, 2, SIZE_MAX));
  EXPECT(MIXCORE_ERROR_CHANNELS, mixcore_verify_push_f32(verify, channels, SIZE_MAX, 48000));
  EXPECT(MIXCORE_ERROR_SAMPLE_TYPE,
         mixcore_verify_push_interleaved_f64(verify, (const double *)(void *)samples, 2, 100));
  EXPECT(MIXCORE_OK, mixcore_verify_push_interleaved_f32(verify, samples, 2, 48000));
  EXPECT(MIXCORE_OK, mixcore_verify_finish(verify));
  EXPECT(MIXCORE_ERROR_STATE, mixcore_verify_finish(verify));
  EXPECT(MIXCORE_ERROR_STATE, mixcore_verify_push_interleaved_f32(verify, samples, 2, 1));
  EXPECT(MIXCORE_ERROR_STATE, mixcore_verify_report(verify, MIXCORE_FORM_TEXT, NULL, 0, &needed));
  EXPECT(MIXCORE_ERROR_NAME, mixcore_verify_judge(verify, "ebu-r182", &verdict));
  EXPECT(MIXCORE_ERROR_TEXT, mixcore_verify_judge(verify, "{\"id\": 3}", &verdict));
  SAYS("$.id");
  EXPECT(MIXCORE_ERROR_NULL, mixcore_verify_judge(verify, "ebu-r128", NULL));
  EXPECT(MIXCORE_OK, mixcore_verify_judge(verify, "ebu-r128", &verdict));
  TRUE_THAT(verdict == MIXCORE_VERDICT_NOT_EVALUATED || verdict == MIXCORE_VERDICT_FAIL);
  EXPECT(MIXCORE_ERROR_RANGE, mixcore_verify_report(verify, 99, NULL, 0, &needed));
  EXPECT(MIXCORE_ERROR_NULL, mixcore_verify_report(verify, MIXCORE_FORM_TEXT, NULL, 0, NULL));
  EXPECT(MIXCORE_OK, mixcore_verify_report(verify, MIXCORE_FORM_TEXT, NULL, 0, &needed));
  memset(small, 'x', sizeof small);
  EXPECT(MIXCORE_ERROR_BUFFER,
         mixcore_verify_report(verify, MIXCORE_FORM_TEXT, small, sizeof small, &needed));
  TRUE_THAT(needed > sizeof small && small[0] == 'x');
  for (int32_t form = MIXCORE_FORM_TEXT; form <= MIXCORE_FORM_JUNIT; ++form) {
    EXPECT(MIXCORE_OK, mixcore_verify_report(verify, form, NULL, 0, &needed));
    char *text = malloc(needed);
    EXPECT(MIXCORE_OK, mixcore_verify_report(verify, form, text, needed, &needed));
    TRUE_THAT(text != NULL && strlen(text) + 1 == needed && needed > 100);
    free(text);
  }
  EXPECT(MIXCORE_OK, mixcore_verify_specs(NULL, 0, &needed));
  TRUE_THAT(needed > 50);
  mixcore_verify_free(verify);
}

int main(void) {
  TRUE_THAT(mixcore_abi_version() == MIXCORE_ABI_VERSION);
  TRUE_THAT(mixcore_last_error()[0] == '\0');
  for (int32_t status = -1; status < 100; ++status) TRUE_THAT(mixcore_status_string(status)[0] != '\0');
  configs();
  blocks();
  verification();
  printf("%d failures\n", failures);
  return failures != 0;
}
