// libFuzzer driver of the decoders: the first bytes choose the codec, its arguments and the size of the output, and the
// rest is decoded into memory of exactly that size. Input that our encoders did not produce may fail, but must not
// touch other memory; input that they produced must decode to the original. test/frames/fuzz.mjs builds and runs it.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "ewald.h"

namespace {

// Memory of exactly `size` bytes, so that the sanitizer sees every byte beyond it.
struct Exact {
  explicit Exact(size_t size) : data(static_cast<uint8_t*>(std::malloc(size ? size : 1))) {}
  Exact(const Exact&) = delete;
  Exact& operator=(const Exact&) = delete;
  ~Exact() { std::free(data); }
  uint8_t* data;
};

void round_trip(uint32_t codec, uint32_t element, uint32_t parameter, const uint8_t* in, size_t bytes) {
  const size_t bound = ewald_codec_bound(codec, element, parameter, bytes);
  if (bound == 0) return;
  const Exact packed(bound), back(bytes);
  size_t written = 0;
  if (ewald_codec_encode(codec, element, parameter, in, bytes, packed.data, bound, &written) != EWALD_STATUS_OK) return;
  if (written > bound) std::abort();
  const Exact cut(written);
  std::memcpy(cut.data, packed.data, written);
  if (ewald_codec_decode(codec, element, parameter, cut.data, written, back.data, bytes) != EWALD_STATUS_OK)
    std::abort();
  if (bytes > 0 && std::memcmp(back.data, in, bytes) != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 5) return 0;
  const char* chosen = std::getenv("EWALD_FUZZ_CODEC");
  const uint32_t codec = chosen ? uint32_t(std::atoi(chosen)) : data[0] % 11;
  const uint32_t element = data[1] % 20;
  const uint32_t parameter = data[2] % 4 == 0 ? 0 : uint32_t(data[2]) * (codec == EWALD_CODEC_LZ4 ? 37 : 1);
  size_t out_bytes = size_t(data[3]) << 8 | data[4];
  const size_t bytes = size - 5;
  const Exact in(bytes), out(out_bytes);
  std::memcpy(in.data, data + 5, bytes);
  // Framed codecs state the size themselves: with another size nearly every input would be rejected at once.
  if ((codec == EWALD_CODEC_BITSHUFFLE_LZ4 || codec == EWALD_CODEC_LZ4) && bytes >= 12 && data[1] >= 128) {
    for (int i = 0; i < 8; i++) in.data[i] = uint8_t(i < 6 ? 0 : out_bytes >> (8 * (7 - i)));
    in.data[8] = in.data[9] = 0;
  }
  ewald_codec_decode(codec, element, parameter, in.data, bytes, out.data, out_bytes);
  round_trip(codec, element, parameter, data + 5, bytes);
  ewald_fletcher32(in.data, bytes);
  return 0;
}
