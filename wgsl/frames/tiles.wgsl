// Squares of pixels of a frame, one after the other: what of a decoded frame goes back. The host defines ELEMENT (bytes of a
// number: 1, 2 or 4), WIDTH, HEIGHT and SIDE (pixels of a square); pixels beyond the frame are zero.

@group(0) @binding(0) var<storage, read> wanted: array<u32>;
@group(0) @binding(1) var<storage, read> frame: array<u32>;
@group(0) @binding(2) var<storage, read_write> squares: array<u32>;

const PER_WORD: u32 = 4u / ELEMENT;
const WORDS_OF_SQUARE: u32 = SIDE * SIDE / PER_WORD;
const ACROSS: u32 = (WIDTH + SIDE - 1u) / SIDE;

fn pixel(x: u32, y: u32) -> u32 {
  if (x >= WIDTH || y >= HEIGHT) { return 0u; }
  let i = y * WIDTH + x;
  let word = frame[i / PER_WORD];
  if (ELEMENT == 4u) { return word; }
  return (word >> (8u * ELEMENT * (i % PER_WORD))) & ((1u << (8u * ELEMENT % 32u)) - 1u);
}

// An invocation writes a word.
@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  let which = i / WORDS_OF_SQUARE;
  if (which >= arrayLength(&wanted)) { return; }
  let square = wanted[which];
  let first = (i % WORDS_OF_SQUARE) * PER_WORD;
  var word = 0u;
  for (var p = 0u; p < PER_WORD; p++) {
    let at = first + p;
    let value = pixel(square % ACROSS * SIDE + at % SIDE, square / ACROSS * SIDE + at / SIDE);
    word |= value << (8u * ELEMENT * p % 32u);
  }
  squares[i] = word;
}
