/** Random numbers: Philox4x32-10 (Salmon et al., SC11, table 2). */
export const randomConstants = {
  philoxM0: 0xd2511f53,
  philoxM1: 0xcd9e8d57,
  philoxW0: 0x9e3779b9,
  philoxW1: 0xbb67ae85,
  philoxRounds: 10,
} as const;
