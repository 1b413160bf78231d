/** The room of data. */
export const dataEnums = {
  /** Codecs of chunks of detector data; cpp/frames/README.md describes their arguments. */
  Codec: {
    bitshuffleLz4: 0,
    bitshuffle: 1,
    lz4: 2,
    lz4Block: 3,
    shuffle: 4,
    lzf: 5,
    byteOffset: 6,
    packedMsb: 7,
    packedLsb: 8,
    zlib: 9,
  },
} as const;
