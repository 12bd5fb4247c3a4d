// Limits five seconds of a loud tone with silence after it, measures it, and judges it.
#include <cmath>
#include <cstdio>
#include <vector>

#include <mixcore.hpp>

int main() {
  constexpr double rate_hz = 48000.0;
  constexpr std::size_t frames = 5 * 48000;
  std::vector<float> left(frames), right(frames);
  for (std::size_t n = 0; n < frames - 4800; ++n)
    left[n] = right[n] = 1.4f * std::sin(0.13f * static_cast<float>(n));

  try {
    mixcore::limiter<float> limiter(rate_hz, "stereo");  // ceiling -1 dBTP
    float *channels[] = {left.data(), right.data()};
    mixcore::check(limiter.process(channels, 2, frames));

    mixcore::verify<float> programme(rate_hz, "stereo", frames);
    programme.push(channels, 2, frames);
    programme.finish();
    std::printf("%.1f LUFS, %.2f dBTP\n", programme.get("integrated_lufs").value(),
                programme.get("true_peak_dbtp").value());
    programme.judge("ebu-r128");
    std::printf("%s", programme.report().c_str());
  } catch (const mixcore::error &error) {
    std::fprintf(stderr, "mixcore: %s\n", error.what());
    return 1;
  }
}
