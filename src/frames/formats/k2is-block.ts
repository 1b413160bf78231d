/** The first word of a block of a Gatan K2 IS file, and its size in bytes, which is its last word. */
export const [blockMark, blockBytes] = [0xffff0055, 0x5758];
