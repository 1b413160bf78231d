// Blocks of bitshuffle and LZ4, a workgroup each: the packed data are read where they are, and decoded into the memory of
// the workgroup, whose planes of bits become numbers. The host defines ELEMENT (bytes of a number: 1, 2 or 4) and WORDS
// (of the largest block).
//
// All invocations read each token, from memory that no shader writes, so all take the same way through the barriers. An
// invocation writes whole words, and keeps what is in them before the place where the next bytes go; a word that others
// read at the same time is written last.

// Where its numbers go, in words; where its packed data begin, in bytes; their length, and that of the block.
struct Block { to: u32, start: u32, length: u32, bytes: u32, frame: u32, stored: u32 }

@group(0) @binding(0) var<storage, read> blocks: array<Block>;
@group(0) @binding(1) var<storage, read> packed: array<u32>;
@group(0) @binding(2) var<storage, read_write> frames: array<u32>;
// The first frame with a damaged block.
@group(0) @binding(3) var<storage, read_write> damaged: array<atomic<u32>>;

const LANES: u32 = 64u;

var<workgroup> memory: array<u32, WORDS>;

fn packed_byte(at: u32) -> u32 { return (packed[at / 4u] >> (8u * (at % 4u))) & 255u; }

fn decoded_byte(at: u32) -> u32 { return (memory[at / 4u] >> (8u * (at % 4u))) & 255u; }

// Bytes below `at` within the word of `at`.
fn below(at: u32) -> u32 { return (1u << (8u * (at % 4u))) - 1u; }

// Literals: `count` bytes of the packed data from `begin` on.
fn copy_literals(lane: u32, begin: u32, to: u32, count: u32) {
  let end = to + count;
  for (var w = to / 4u + lane; 4u * w < end; w += LANES) {
    var word = 0u;
    if (4u * w >= to && 4u * w + 4u <= end) {
      let at = begin + 4u * w - to;
      let shift = 8u * (at % 4u);
      word = packed[at / 4u] >> shift;
      if (shift != 0u) { word |= packed[at / 4u + 1u] << (32u - shift); }
    } else {
      if (4u * w < to) { word = memory[w] & below(to); }
      for (var p = max(4u * w, to); p < min(4u * w + 4u, end); p++) {
        word |= packed_byte(begin + p - to) << (8u * (p % 4u));
      }
    }
    memory[w] = word;
  }
}

// A match: the `distance` bytes before `to`, again and again. They are complete, so no invocation waits for another; the
// word of `to` may have some of them, and is returned to the first invocation, which writes it when all have read.
fn copy_match(lane: u32, distance: u32, to: u32, count: u32) -> u32 {
  let end = to + count;
  let source = to - distance;
  var first = 0u;
  for (var w = to / 4u + lane; 4u * w < end; w += LANES) {
    var word = 0u;
    if (4u * w < to) { word = memory[w] & below(to); }
    let start = max(4u * w, to);
    var place = (start - to) % distance;
    for (var p = start; p < min(4u * w + 4u, end); p++) {
      word |= decoded_byte(source + place) << (8u * (p % 4u));
      place++;
      if (place == distance) { place = 0u; }
    }
    if (w == to / 4u) { first = word; } else { memory[w] = word; }
  }
  return first;
}

// Whether the packed data are valid LZ4 data of this size, which is decoded.
fn decode_lz4(lane: u32, start: u32, length: u32, size: u32) -> bool {
  let end = start + length;
  var at = start;
  var out = 0u;
  while (at != end) {
    let token = packed_byte(at);
    at++;
    var literals = token >> 4u;
    if (literals == 15u) {
      loop {
        if (at == end) { return false; }
        let more = packed_byte(at);
        at++;
        literals += more;
        if (more != 255u) { break; }
      }
    }
    if (literals > end - at || literals > size - out) { return false; }
    if (literals > 0u) {
      copy_literals(lane, at, out, literals);
      workgroupBarrier();
    }
    at += literals;
    out += literals;
    if (at == end) { return out == size; }
    if (end - at < 2u) { return false; }
    let distance = packed_byte(at) | (packed_byte(at + 1u) << 8u);
    at += 2u;
    var count = token & 15u;
    if (count == 15u) {
      loop {
        if (at == end) { return false; }
        let more = packed_byte(at);
        at++;
        count += more;
        if (more != 255u) { break; }
      }
    }
    count += 4u;
    if (distance == 0u || distance > out || count > size - out) { return false; }
    let first = copy_match(lane, distance, out, count);
    workgroupBarrier();
    if (lane == 0u) { memory[out / 4u] = first; }
    workgroupBarrier();
    out += count;
  }
  return false;
}

// Eight bits of each of four planes, turned into four bits of each of eight numbers.
fn turned(given: u32) -> u32 {
  var bits = given;
  var other = (bits ^ (bits >> 7u)) & 0x00aa00aau;
  bits ^= other ^ (other << 7u);
  other = (bits ^ (bits >> 14u)) & 0x0000ccccu;
  return bits ^ other ^ (other << 14u);
}

fn four_planes(at: u32, columns: u32) -> u32 {
  return turned(decoded_byte(at) | (decoded_byte(at + columns) << 8u) | (decoded_byte(at + 2u * columns) << 16u) |
    (decoded_byte(at + 3u * columns) << 24u));
}

// Byte `which` of eight numbers: those of the first four, and of the last four.
fn eight_bytes(which: u32, column: u32, columns: u32) -> vec2u {
  let at = 8u * which * columns + column;
  let low = four_planes(at, columns);
  let high = four_planes(at + 4u * columns, columns);
  return vec2u((low & 0x0f0f0f0fu) | ((high << 4u) & 0xf0f0f0f0u), ((low >> 4u) & 0x0f0f0f0fu) | (high & 0xf0f0f0f0u));
}

// Bytes of two words in turns: the lower halves, and the upper ones.
fn mixed(a: u32, b: u32) -> vec2u {
  return vec2u((a & 0xffu) | ((b & 0xffu) << 8u) | ((a & 0xff00u) << 8u) | ((b & 0xff00u) << 16u),
    ((a >> 16u) & 0xffu) | ((b >> 8u) & 0xff00u) | ((a >> 8u) & 0xff0000u) | (b & 0xff000000u));
}

fn store_four(at: u32, a: u32, b: u32, c: u32, d: u32) {
  let ab = mixed(a, b);
  let cd = mixed(c, d);
  frames[at] = (ab.x & 0xffffu) | (cd.x << 16u);
  frames[at + 1u] = (ab.x >> 16u) | (cd.x & 0xffff0000u);
  frames[at + 2u] = (ab.y & 0xffffu) | (cd.y << 16u);
  frames[at + 3u] = (ab.y >> 16u) | (cd.y & 0xffff0000u);
}

@compute @workgroup_size(64)
fn decode(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = blocks[group.x];
  if (block.stored != 0u) {
    for (var w = lane; 4u * w < block.bytes; w += LANES) {
      var word = 0u;
      for (var b = 0u; b < min(4u, block.bytes - 4u * w); b++) { word |= packed_byte(block.start + 4u * w + b) << (8u * b); }
      frames[block.to + w] = word;
    }
    return;
  }
  if (!decode_lz4(lane, block.start, block.length, block.bytes)) {
    if (lane == 0u) { atomicMin(&damaged[0], block.frame); }
    return;
  }
  let columns = block.bytes / (8u * ELEMENT);
  for (var k = lane; k < columns; k += LANES) {
    let at = block.to + 2u * ELEMENT * k;
    let a = eight_bytes(0u, k, columns);
    if (ELEMENT == 1u) {
      frames[at] = a.x;
      frames[at + 1u] = a.y;
    } else if (ELEMENT == 2u) {
      let b = eight_bytes(1u, k, columns);
      let low = mixed(a.x, b.x);
      let high = mixed(a.y, b.y);
      frames[at] = low.x;
      frames[at + 1u] = low.y;
      frames[at + 2u] = high.x;
      frames[at + 3u] = high.y;
    } else {
      let b = eight_bytes(1u, k, columns);
      let c = eight_bytes(2u, k, columns);
      let d = eight_bytes(3u, k, columns);
      store_four(at, a.x, b.x, c.x, d.x);
      store_four(at + 4u, a.y, b.y, c.y, d.y);
    }
  }
}
