/* Writes the output whose SHA-256 stands in tests/golden/hashes.csv: "limiter" or "meter", f32 or
 * f64, to the standard output. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mixcore.h"

#define FRAMES 6007
#define METER_FRAMES (4 * 48000)
#define BLOCK 480
#define MAX_CHANNELS 6

static void check(mixcore_status status) {
  if (status != MIXCORE_OK) {
    fprintf(stderr, "%s\n", mixcore_last_error());
    exit(1);
  }
}

/* Sample n of a channel: the 32-bit LCG of Numerical Recipes, in eight stretches of level. */
static void programme(float *f32, double *f64, uint32_t channel, size_t frames) {
  static const double levels[8] = {0.05, 2.5, 0.0, 0.6, 0.05, 2.5, 0.6, 0.6};
  uint32_t state = 77u + channel * 7919u;
  for (size_t n = 0; n < frames; ++n) {
    double level = levels[n * 8 / frames];
    state = state * 1664525u + 1013904223u;
    f64[n] = (double)(state >> 8) / 8388608.0 - 1.0;
    f32[n] = (float)f64[n] * (float)level;
    f64[n] *= level;
  }
}

static float *f32_rows[MAX_CHANNELS];
static double *f64_rows[MAX_CHANNELS];

static void fill(size_t channels, size_t frames) {
  for (size_t c = 0; c < channels; ++c) {
    f32_rows[c] = realloc(f32_rows[c], frames * sizeof(float));
    f64_rows[c] = realloc(f64_rows[c], frames * sizeof(double));
    if (f32_rows[c] == NULL || f64_rows[c] == NULL) exit(1);
    programme(f32_rows[c], f64_rows[c], (uint32_t)c, frames);
  }
}

static void limit(const char *layout, size_t channels, int wide) {
  mixcore_limiter_config config = MIXCORE_LIMITER_CONFIG_INIT;
  mixcore_limiter *limiter = NULL;
  config.sample_type = wide ? MIXCORE_F64 : MIXCORE_F32;
  config.rate_hz = 48000.0;
  config.layout = layout;
  check(mixcore_limiter_new(&config, &limiter));
  fill(channels, FRAMES);
  for (size_t at = 0; at < FRAMES; at += BLOCK) {
    size_t frames = FRAMES - at < BLOCK ? FRAMES - at : BLOCK;
    float *narrow[MAX_CHANNELS];
    double *broad[MAX_CHANNELS];
    for (size_t c = 0; c < channels; ++c) {
      narrow[c] = f32_rows[c] + at;
      broad[c] = f64_rows[c] + at;
    }
    check(wide ? mixcore_limiter_process_f64(limiter, NULL, broad, channels, frames)
               : mixcore_limiter_process_f32(limiter, NULL, narrow, channels, frames));
  }
  mixcore_limiter_free(limiter);
  for (size_t c = 0; c < channels; ++c) {
    for (size_t n = 0; n < FRAMES; ++n) {
      /* -0 counts as +0. */
      float narrow = f32_rows[c][n] + 0.0f;
      double broad = f64_rows[c][n] + 0.0;
      if (wide)
        fwrite(&broad, sizeof broad, 1, stdout);
      else
        fwrite(&narrow, sizeof narrow, 1, stdout);
    }
  }
}

static void measure(int wide) {
  static const char *const quantities[] = {"integrated_lufs",   "momentary_max_lufs",
                                           "short_term_max_lufs", "loudness_range_lu",
                                           "true_peak_dbtp",    "sample_peak_dbfs"};
  mixcore_meter_config config = MIXCORE_METER_CONFIG_INIT;
  mixcore_meter *meter = NULL;
  config.sample_type = wide ? MIXCORE_F64 : MIXCORE_F32;
  config.rate_hz = 48000.0;
  config.layout = "5.1";
  config.max_duration_s = 10.0;
  check(mixcore_meter_new(&config, &meter));
  fill(6, METER_FRAMES);
  check(wide ? mixcore_meter_push_f64(meter, (const double *const *)f64_rows, 6, METER_FRAMES)
             : mixcore_meter_push_f32(meter, (const float *const *)f32_rows, 6, METER_FRAMES));
  for (size_t q = 0; q < sizeof quantities / sizeof *quantities; ++q) {
    double value = 0.0;
    check(mixcore_meter_get(meter, quantities[q], &value, NULL));
    value += 0.0;
    fwrite(&value, sizeof value, 1, stdout);
  }
  mixcore_meter_free(meter);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int wide = strcmp(argv[2], "f64") == 0;
  if (strcmp(argv[1], "limiter") == 0) {
    limit("stereo", 2, wide);
    limit("5.1", 6, wide);
  } else {
    measure(wide);
  }
  for (size_t c = 0; c < MAX_CHANNELS; ++c) {
    free(f32_rows[c]);
    free(f64_rows[c]);
  }
  return 0;
}
