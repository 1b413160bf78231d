// The entry points of the codecs: they check arguments and turn the reasons for invalid input into messages.
#include "common/status.h"
#include "frames/codecs.h"
#include "frames/kernels.h"

namespace {

using namespace ewald::data;

constexpr const char* names[] = {"bitshuffle-LZ4", "bitshuffle",  "LZ4",         "LZ4 block", "shuffle", "LZF",
                                 "byte offset",    "packed bits", "packed bits", "gzip"};
constexpr uint32_t codecs = sizeof names / sizeof *names;

// What is wrong with the sizes a codec was called with, or nullptr.
const char* wrong_sizes(uint32_t codec, uint32_t element, uint32_t parameter) {
  switch (codec) {
    case EWALD_CODEC_BITSHUFFLE_LZ4:
    case EWALD_CODEC_BITSHUFFLE:
      if (element < 1 || element > 65536) return "an element must have 1 to 65536 bytes";
      return parameter % 8 == 0 && uint64_t(parameter) * element <= (1u << 30)
                 ? nullptr
                 : "a block must be a multiple of 8 elements and at most 2^30 bytes";
    case EWALD_CODEC_LZ4:
      return parameter <= (1u << 30) ? nullptr : "a block must have at most 2^30 bytes";
    case EWALD_CODEC_SHUFFLE:
      return element >= 1 && element <= 65536 ? nullptr : "an element must have 1 to 65536 bytes";
    case EWALD_CODEC_BYTE_OFFSET:
      return element == 4 ? nullptr : "decoded pixels must be int32 (4 bytes)";
    case EWALD_CODEC_PACKED_MSB:
    case EWALD_CODEC_PACKED_LSB:
      if (parameter < 1 || parameter > 16) return "packed values must have 1 to 16 bits";
      return element == 2 || (element == 1 && parameter <= 8) ? nullptr :
          "the pixels are too small for the packed values";
    case EWALD_CODEC_ZLIB:
      return parameter <= 1 ? nullptr :
          "the option must be 0 (verify the checksum of the zlib stream) or 1 (ignore it)";
    default:
      return codec < codecs ? nullptr : "unknown codec";
  }
}

bool encodes(uint32_t codec) { return codec <= EWALD_CODEC_SHUFFLE; }

}  // namespace

extern "C" EWALD_EXPORT(ewald_codec_decode) int32_t
    ewald_codec_decode(uint32_t codec, uint32_t element_bytes, uint32_t parameter, const uint8_t* in, size_t in_bytes,
                       uint8_t* out, size_t out_bytes) {
  if ((in == nullptr && in_bytes > 0) || (out == nullptr && out_bytes > 0))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_codec_decode: a pointer is null");
  if (const char* wrong = wrong_sizes(codec, element_bytes, parameter))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_codec_decode: %s", wrong);
  if (in_bytes > SIZE_MAX / 16 || out_bytes > SIZE_MAX / 16)
    return ewald::fail(EWALD_STATUS_LIMIT, "ewald_codec_decode: the chunk is too large");
  const Input input{in, in_bytes};
  const Output output{out, out_bytes};
  Outcome outcome = fine;
  switch (codec) {
    case EWALD_CODEC_BITSHUFFLE_LZ4:
      outcome = decode_bitshuffle_lz4(input, output, element_bytes);
      break;
    case EWALD_CODEC_BITSHUFFLE:
      outcome = decode_bitshuffle(input, output, element_bytes, parameter);
      break;
    case EWALD_CODEC_LZ4:
      outcome = decode_lz4(input, output);
      break;
    case EWALD_CODEC_LZ4_BLOCK:
      if (!lz4_decode(input, output, 0)) outcome = damaged("invalid LZ4 data for this size");
      break;
    case EWALD_CODEC_SHUFFLE:
      outcome = decode_shuffle(input, output, element_bytes);
      break;
    case EWALD_CODEC_LZF:
      outcome = decode_lzf(input, output);
      break;
    case EWALD_CODEC_BYTE_OFFSET:
      outcome = decode_byte_offset(input, output);
      break;
    case EWALD_CODEC_ZLIB:
      outcome = decode_zlib(input, output, parameter == 0);
      break;
    default:
      outcome = decode_packed(input, output, element_bytes, parameter, codec == EWALD_CODEC_PACKED_MSB);
  }
  if (outcome.ok()) return EWALD_STATUS_OK;
  return ewald::fail(outcome.out_of_memory ? EWALD_STATUS_OUT_OF_MEMORY : EWALD_STATUS_DAMAGED,
                     "%zu bytes of %s do not decode to %zu: %s", in_bytes, names[codec], out_bytes, outcome.why);
}

extern "C" EWALD_EXPORT(ewald_codec_bound) size_t
    ewald_codec_bound(uint32_t codec, uint32_t element_bytes, uint32_t parameter, size_t in_bytes) {
  if (!encodes(codec) || wrong_sizes(codec, element_bytes, parameter) != nullptr || in_bytes > SIZE_MAX / 16) return 0;
  size_t block = in_bytes;
  if (codec == EWALD_CODEC_BITSHUFFLE_LZ4)
    block = (parameter != 0 ? parameter : default_block(element_bytes)) * element_bytes;
  else if (codec == EWALD_CODEC_LZ4)
    block = parameter != 0 ? parameter : 1 << 16;
  else if (codec != EWALD_CODEC_LZ4_BLOCK)
    return in_bytes;
  const size_t blocks = block == 0 ? 1 : in_bytes / block + 2;
  return 12 + in_bytes + in_bytes / 255 + blocks * (4 + 16 + 1);
}

extern "C" EWALD_EXPORT(ewald_codec_encode) int32_t
    ewald_codec_encode(uint32_t codec, uint32_t element_bytes, uint32_t parameter, const uint8_t* in, size_t in_bytes,
                       uint8_t* out, size_t capacity, size_t* written) {
  if ((in == nullptr && in_bytes > 0) || out == nullptr || written == nullptr)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_codec_encode: a pointer is null");
  *written = 0;
  if (const char* wrong = wrong_sizes(codec, element_bytes, parameter))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_codec_encode: %s", wrong);
  if (!encodes(codec))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_codec_encode: %s can only be decoded", names[codec]);
  if (in_bytes > SIZE_MAX / 16 || in_bytes > 0x7fffffffu)
    return ewald::fail(EWALD_STATUS_LIMIT, "ewald_codec_encode: a chunk must be smaller than 2 GiB");
  const size_t bound = ewald_codec_bound(codec, element_bytes, parameter, in_bytes);
  if (capacity < bound)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_codec_encode: the output requires %zu bytes, but has %zu",
                       bound, capacity);
  const Input input{in, in_bytes};
  switch (codec) {
    case EWALD_CODEC_BITSHUFFLE_LZ4:
      *written = encode_bitshuffle_lz4(input, out, element_bytes, parameter);
      break;
    case EWALD_CODEC_BITSHUFFLE:
      *written = encode_bitshuffle(input, out, element_bytes, parameter);
      break;
    case EWALD_CODEC_LZ4:
      *written = encode_lz4(input, out, parameter);
      break;
    case EWALD_CODEC_LZ4_BLOCK:
      *written = lz4_encode(input, out);
      break;
    default:
      *written = encode_shuffle(input, out, element_bytes);
  }
  if (*written == 0 && in_bytes > 0)
    return ewald::fail(EWALD_STATUS_OUT_OF_MEMORY, "ewald_codec_encode: no memory for a block");
  return EWALD_STATUS_OK;
}

extern "C" EWALD_EXPORT(ewald_fletcher32) uint32_t ewald_fletcher32(const uint8_t* in, size_t in_bytes) {
  return in == nullptr ? 0 : fletcher32({in, in_bytes});
}

extern "C" EWALD_EXPORT(ewald_swap_bytes) int32_t
    ewald_swap_bytes(const uint8_t* in, uint8_t* out, size_t bytes, uint32_t element_bytes) {
  if ((in == nullptr || out == nullptr) && bytes > 0)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_swap_bytes: a pointer is null");
  if ((element_bytes != 2 && element_bytes != 4 && element_bytes != 8) || bytes % element_bytes != 0)
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT,
        "ewald_swap_bytes: %zu bytes is not a multiple of %u bytes", bytes,
                       unsigned(element_bytes));
  kernels().swap_bytes(in, out, bytes, element_bytes);
  return EWALD_STATUS_OK;
}

extern "C" EWALD_EXPORT(ewald_convert_words) int32_t
    ewald_convert_words(const uint16_t* words, const float* pedestals, const float* factors, uint32_t stages, size_t n,
                        int16_t* out, size_t* bad) {
  const bool is_null = words == nullptr || pedestals == nullptr || factors == nullptr || out == nullptr;
  if (bad == nullptr || n > SIZE_MAX / 16 || (n > 0 && is_null))
    return ewald::fail(EWALD_STATUS_INVALID_ARGUMENT, "ewald_convert_words: a pointer is null");
  *bad = kernels().convert_words(words, pedestals, factors, stages, n, out);
  return EWALD_STATUS_OK;
}
