// Generated from src/compute/layout/data.ts by `npm run layout`. Do not edit.
const CODEC_BITSHUFFLE_LZ4: u32 = 0u;
const CODEC_BITSHUFFLE: u32 = 1u;
const CODEC_LZ4: u32 = 2u;
const CODEC_LZ4_BLOCK: u32 = 3u;
const CODEC_SHUFFLE: u32 = 4u;
const CODEC_LZF: u32 = 5u;
const CODEC_BYTE_OFFSET: u32 = 6u;
const CODEC_PACKED_MSB: u32 = 7u;
const CODEC_PACKED_LSB: u32 = 8u;
const CODEC_ZLIB: u32 = 9u;
