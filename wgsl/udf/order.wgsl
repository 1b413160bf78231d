// Numbers of any type in one order.
#include "udf/frames.wgsl"

// Words in the order of the numbers that they represent.
fn order_of(word: u32, place: u32) -> u32 {
  if (REAL) { return select(word | 0x80000000u, ~word, (word >> 31u) != 0u); }
  let bits = bitcast<u32>(integer_at(word, place));
  return select(bits, bits ^ 0x80000000u, SIGNED);
}
