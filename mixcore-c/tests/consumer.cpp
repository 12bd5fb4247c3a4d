// A C++ host: measures, limits and verifies buffers through mixcore.hpp, on one thread and on many.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <mixcore.hpp>

namespace {

int failures = 0;

#define EXPECT(condition)                                     \
  do {                                                        \
    if (!(condition)) {                                       \
      std::printf("line %d: not %s\n", __LINE__, #condition); \
      ++failures;                                             \
    }                                                         \
  } while (0)

constexpr double rate_hz = 48000.0;

std::vector<float> tone(std::size_t frames, float level) {
  std::vector<float> samples(frames);
  for (std::size_t n = 0; n < frames; ++n) {
    samples[n] = level * static_cast<float>(std::sin(2.0 * 3.14159265358979 * 997.0 / rate_hz * static_cast<double>(n)));
  }
  return samples;
}

template <typename S>
void measures_and_limits() {
  const auto loud = tone(48000 * 4, 1.4f);
  const std::vector<S> source(loud.begin(), loud.end());
  std::vector<S> left = source, right = source;
  mixcore::limiter<S> limiter(rate_hz, "stereo", {-3.0, 100.0, 5.0, MIXCORE_LINK_FULL});
  EXPECT(limiter.latency_frames() == 718);
  // Out of place, from two pointers to the same source.
  const S *inputs[] = {source.data(), source.data()};
  S *outputs[] = {left.data(), right.data()};
  EXPECT(limiter.process(inputs, outputs, 2, source.size()) == MIXCORE_OK);
  EXPECT(limiter.gain_reduction_db() > 5.8);
  const auto peak = *std::max_element(left.begin(), left.end());
  EXPECT(peak <= S(0.70795) && peak >= S(0.70));  // -3 dB, and the 0.06 dB below it
  // In place gives the same bits, in pieces too; interleaved as well.
  limiter.reset();
  std::vector<S> again = source, twin = source, pairs(2 * source.size());
  for (std::size_t n = 0; n < source.size(); ++n) pairs[2 * n] = pairs[2 * n + 1] = source[n];
  for (std::size_t at = 0; at < source.size(); at += 777) {
    S *channels[] = {again.data() + at, twin.data() + at};
    EXPECT(limiter.process(channels, 2, std::min<std::size_t>(777, source.size() - at)) == MIXCORE_OK);
  }
  EXPECT(again == left && twin == right);
  limiter.reset();
#if defined(__cpp_lib_span)
  EXPECT(limiter.process_interleaved(std::span<S>(pairs), 2) == MIXCORE_OK);
#else
  EXPECT(limiter.process_interleaved(pairs.data(), 2, source.size()) == MIXCORE_OK);
#endif
  bool same = true;
  for (std::size_t n = 0; n < source.size(); ++n) same = same && pairs[2 * n] == left[n];
  EXPECT(same);

  mixcore::meter<S> planar(rate_hz, "stereo"), interleaved(rate_hz, "stereo");
  const S *channels[] = {left.data(), right.data()};
  EXPECT(planar.push(channels, 2, left.size()) == MIXCORE_OK);
  EXPECT(interleaved.push_interleaved(pairs.data(), 2, left.size()) == MIXCORE_OK);
  for (const char *quantity : {"integrated_lufs", "true_peak_dbtp", "momentary_max_lufs", "plr_db"})
    EXPECT(planar.get(quantity).has_value() && planar.get(quantity) == interleaved.get(quantity));
  EXPECT(planar.get("true_peak_dbtp").value() <= -2.99);
  // A stereo tone that peaks at -3.06 dBFS reads -3.1 LUFS (BS.1770: 997 Hz reads its level - 3.01
  // a channel, two channels add 3.01).
  EXPECT(std::abs(planar.momentary_lufs() + 3.06) < 0.05);
  std::int32_t reason = MIXCORE_REASON_NONE;
  EXPECT(!planar.get("dialogue_lufs", &reason).has_value() && reason == MIXCORE_REASON_NOT_APPLICABLE);

  mixcore::meter<S> moved = std::move(planar);
  EXPECT(moved.reset() == MIXCORE_OK && std::isnan(moved.short_term_lufs()));
  // What was moved from answers, it does not crash.
  EXPECT(planar.reset() == MIXCORE_ERROR_NULL);  // NOLINT(bugprone-use-after-move)

  mixcore::verify<S> programme(rate_hz, "stereo", left.size(), {"a <tone>", 24, false});
  programme.push(channels, 2, left.size());
  programme.finish();
  EXPECT(programme.judge("ebu-r128") == MIXCORE_VERDICT_FAIL);
  EXPECT(programme.report().find("FAIL") != std::string::npos);
  EXPECT(programme.report(MIXCORE_FORM_HTML).find("a &lt;tone&gt;") != std::string::npos);
  EXPECT(programme.get("true_peak_dbtp") == interleaved.get("true_peak_dbtp"));
}

void says_what_is_wrong() {
  try {
    mixcore::limiter<float> limiter(rate_hz, "5.3");
    EXPECT(false);
  } catch (const mixcore::error &error) {
    EXPECT(error.status() == MIXCORE_ERROR_NAME);
    EXPECT(std::string(error.what()).find("unknown layout \"5.3\"") != std::string::npos);
  }
}

void says_it_of_another_thread() {
  mixcore_status status = MIXCORE_OK;
  std::thread([&] {
    mixcore::limiter<float> limiter(rate_hz, "stereo");
    status = limiter.process(nullptr, 3, 480);
  }).join();
  try {
    mixcore::check(status);
    EXPECT(false);
  } catch (const mixcore::error &error) {
    EXPECT(error.status() == MIXCORE_ERROR_CHANNELS);
    EXPECT(std::string(error.what()) == mixcore_status_string(MIXCORE_ERROR_CHANNELS));
  }
}

void lists_the_presets() {
  EXPECT(("\n" + mixcore::specs() + "\n").find("\nebu-r128\n") != std::string::npos);
}

#if defined(__cpp_lib_span)
void takes_whole_frames_only() {
  std::vector<float> samples(2 * 480 + 1);
  mixcore::limiter<float> limiter(rate_hz, "stereo");
  mixcore::meter<float> meter(rate_hz, "stereo");
  EXPECT(limiter.process_interleaved(std::span(samples), 2) == MIXCORE_ERROR_FRAMES);
  EXPECT(meter.push_interleaved(std::span<const float>(samples), 2) == MIXCORE_ERROR_FRAMES);
  EXPECT(meter.push_interleaved(std::span<const float>(samples), 0) == MIXCORE_ERROR_CHANNELS);
  EXPECT(meter.get("duration_s") == 0.0);
}
#endif

void one_thread_at_a_time() {
  mixcore::limiter<float> limiter(rate_hz, "stereo");
  std::atomic<int> done{0}, busy{0}, other{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      auto left = tone(48000, 1.0f), right = left;
      float *channels[] = {left.data(), right.data()};
      for (int n = 0; n < 20; ++n) {
        const auto status = limiter.process(channels, 2, left.size());
        (status == MIXCORE_OK ? done : status == MIXCORE_ERROR_BUSY ? busy : other)++;
      }
    });
  }
  for (auto &thread : threads) thread.join();
  EXPECT(other == 0 && done > 0 && done + busy == 80);
  // Objects of their own run side by side.
  std::atomic<int> fine{0};
  threads.clear();
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      mixcore::meter<float> meter(rate_hz, "mono");
      const auto samples = tone(48000, 0.5f);
      const float *channel = samples.data();
      fine += meter.push(&channel, 1, samples.size()) == MIXCORE_OK;
    });
  }
  for (auto &thread : threads) thread.join();
  EXPECT(fine == 4);
}

}  // namespace

int main() {
  EXPECT(std::string(mixcore_version_string()) == MIXCORE_VERSION);
  EXPECT(mixcore_last_status() == MIXCORE_OK);
  says_what_is_wrong();
  EXPECT(mixcore_last_status() == MIXCORE_ERROR_NAME);
  says_it_of_another_thread();
  lists_the_presets();
#if defined(__cpp_lib_span)
  takes_whole_frames_only();
#endif
  measures_and_limits<float>();
  measures_and_limits<double>();
  one_thread_at_a_time();
  std::printf("%d failures\n", failures);
  return failures != 0;
}
