/** Texts and numbers as a hash of 53 bits: among a million, a collision has a probability of 10⁻⁴. */
export function hash53(texts: readonly string[], numbers: ArrayLike<number> = []): number {
  let [low, high] = [0x811c9dc5, 0x9747b28c];
  const take = (value: number): void => {
    low = Math.imul(low ^ value, 0x01000193);
    high = Math.imul(high ^ value, 0x85ebca6b) ^ (high >>> 15);
  };
  for (const text of texts) for (let i = 0; i < text.length; i++) take(text.charCodeAt(i));
  for (let i = 0; i < numbers.length; i++) take(Math.round((numbers[i] as number) * 1e8));
  return (low >>> 0) + (high >>> 11) * 2 ** 32;
}
