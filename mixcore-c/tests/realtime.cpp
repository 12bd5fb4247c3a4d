// What is tagged [audio thread] does not allocate: malloc and its kin are counted.
#include <dlfcn.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <mixcore.hpp>

namespace {
std::atomic<long> calls{0};
template <typename F>
F next(const char *name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}
}  // namespace

extern "C" void *malloc(std::size_t size) noexcept {
  static const auto real = next<void *(*)(std::size_t)>("malloc");
  ++calls;
  return real(size);
}
extern "C" void *calloc(std::size_t count, std::size_t size) noexcept {
  // dlsym itself calls calloc before it has found it: from a small block that is never given back.
  static char early[4096];
  static std::size_t used = 0;
  static bool looking = false;
  if (looking) {
    const std::size_t at = used;
    used += (count * size + 15) / 16 * 16;
    return used <= sizeof early ? early + at : nullptr;
  }
  looking = true;
  static const auto real = next<void *(*)(std::size_t, std::size_t)>("calloc");
  looking = false;
  ++calls;
  return real(count, size);
}
extern "C" int posix_memalign(void **memory, std::size_t alignment, std::size_t size) noexcept {
  static const auto real = next<int (*)(void **, std::size_t, std::size_t)>("posix_memalign");
  ++calls;
  return real(memory, alignment, size);
}
extern "C" void *realloc(void *memory, std::size_t size) noexcept {
  static const auto real = next<void *(*)(void *, std::size_t)>("realloc");
  ++calls;
  return real(memory, size);
}
extern "C" void free(void *memory) noexcept {
  static const auto real = next<void (*)(void *)>("free");
  if (memory != nullptr) ++calls;
  real(memory);
}

int main() {
  constexpr std::size_t frames = 4800;
  std::vector<float> left(frames, 1.5f), right(frames, -1.5f), pairs(2 * frames, 1.5f);
  float *channels[] = {left.data(), right.data()};
  mixcore::limiter<float> limiter(48000.0, "stereo");
  mixcore::meter<float> meter(48000.0, "stereo");
  const long made = calls;
  int bad = made == 0;  // the counter itself works
  for (int n = 0; n < 50; ++n) {
    bad |= limiter.process(channels, 2, frames - static_cast<std::size_t>(n)) != MIXCORE_OK;
    bad |= limiter.process_interleaved(pairs.data(), 2, frames) != MIXCORE_OK;
    bad |= meter.push(channels, 2, frames) != MIXCORE_OK;
    bad |= meter.push_interleaved(pairs.data(), 2, frames) != MIXCORE_OK;
    // The first window is full after 0.4 s, in the third turn.
    bad |= n > 2 && !(meter.momentary_lufs() < 10.0);
    bad |= !(limiter.gain_reduction_db() >= 0.0);
    // Failing is free of allocation too, its text included.
    bad |= limiter.process(channels, 3, frames) != MIXCORE_ERROR_CHANNELS;
    bad |= meter.push(nullptr, 2, frames) != MIXCORE_ERROR_NULL;
    bad |= limiter.set_ceiling_dbtp(5.0) != MIXCORE_ERROR_RANGE;
    bad |= limiter.set_ceiling_dbtp(-1.0 - n * 0.01) != MIXCORE_OK;
  }
  bad |= limiter.reset() != MIXCORE_OK || meter.reset() != MIXCORE_OK;
  const long during = calls - made;
  std::printf("%ld calls of the allocator before, %ld during\n", made, during);
  return bad || during != 0;
}
