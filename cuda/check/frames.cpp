// Tests decoding on the GPU against the frames that the C++ core has packed: numbers of every size, blocks of several
// sizes, frames to the host and to device memory, and damaged chunks.
#include "check.h"

#include <cstring>
#include <random>

namespace ewald::check {
namespace {

struct Packed {
  std::vector<uint8_t> frames;
  std::vector<std::vector<uint8_t>> chunks;
  std::string wrong;
};

// Few counts, and a bright pixel now and then; `noise` fills all bits.
Packed packed(uint32_t element, size_t bytes, uint32_t count, uint32_t block, bool noise) {
  std::mt19937 random(11);
  Packed made{std::vector<uint8_t>(bytes * count), {}, ""};
  for (size_t i = 0; i < made.frames.size(); ++i) {
    const uint32_t bits = uint32_t(random());
    made.frames[i] = noise || bits % 256 == 0 ? uint8_t(bits >> 16) : i % element == 0 ? uint8_t(bits >> 30) : 0;
  }
  for (uint32_t f = 0; f < count; ++f) {
    std::vector<uint8_t> chunk(ewald_codec_bound(EWALD_CODEC_BITSHUFFLE_LZ4, element, block / element, bytes));
    size_t written = 0;
    if (ewald_codec_encode(EWALD_CODEC_BITSHUFFLE_LZ4, element, block / element, made.frames.data() + f * bytes, bytes,
                           chunk.data(), chunk.size(), &written) != EWALD_STATUS_OK)
      made.wrong = std::string("the core says: ") + ewald_last_error();
    chunk.resize(written);
    made.chunks.push_back(chunk);
  }
  return made;
}

// What is wrong with the decoded frames, in words.
std::string decoded(Report& report, const Packed& given, uint32_t element, uint32_t block, bool there) {
  const uint64_t bytes = given.frames.size(), count = given.chunks.size();
  std::vector<uint8_t> found(bytes, 0xa5);
  std::vector<const uint8_t*> chunks;
  std::vector<uint64_t> sizes;
  for (const std::vector<uint8_t>& chunk : given.chunks) chunks.push_back(chunk.data()), sizes.push_back(chunk.size());
  ewald_cuda_decoder* decoder = nullptr;
  ewald_cuda_array* array = nullptr;
  const auto failed = [](int32_t status) { return status != EWALD_STATUS_OK; };
  std::string wrong = given.wrong;
  if (failed(ewald_cuda_decoder_create(report.context, bytes / count, element, block, there, &decoder)) ||
      (there && failed(ewald_cuda_array_create(report.context, bytes, &array))) ||
      failed(ewald_cuda_decoder_run(decoder, chunks.data(), sizes.data(), count,
                                    there ? ewald_cuda_array_memory(array) : found.data(), there)) ||
      (there && failed(ewald_cuda_array_read(array, 0, found.data(), bytes))))
    wrong = ewald_cuda_last_error();
  if (array) ewald_cuda_array_destroy(array);
  ewald_cuda_decoder_destroy(decoder);
  for (uint64_t i = 0; wrong.empty() && i < bytes; ++i)
    if (found[i] != given.frames[i])
      wrong = "byte " + std::to_string(i) + " is " + std::to_string(found[i]) + ", expected " +
              std::to_string(given.frames[i]);
  return wrong;
}

void compare(Report& report, uint32_t element, size_t pixels, uint32_t count, uint32_t block) {
  for (const bool noise : {false, true}) {
    const Packed given = packed(element, pixels * element, count, block, noise);
    for (const bool there : {false, true})
      report.add(std::to_string(count) + " frames of " + std::to_string(pixels) + " x " + std::to_string(element) +
                     " bytes" + (noise ? " of noise" : "") + (there ? " on the card" : " to the host"),
                 decoded(report, given, element, block, there));
  }
}

}  // namespace

void data(Report& report) {
  for (const uint32_t element : {1u, 2u, 4u}) {
    compare(report, element, 131 * 107, 3, 8192);
    compare(report, element, 1024, 2, 256);
    // More than a chunk of 16 MiB.
    if (!report.quick) compare(report, element, 1024 * 1024, 20, 8192);
  }
  Packed damaged = packed(2, 20000, 3, 8192, false);
  damaged.chunks[1][20] ^= 0xff;
  damaged.chunks[1].pop_back();
  const std::string why = decoded(report, damaged, 2, 8192, false);
  report.add("a damaged chunk is refused", why.find("do not decode") == std::string::npos ? "it was accepted" : "");
}

}  // namespace ewald::check
