// A workgroup floods the blob of its seed, and stops if the blob has an earlier seed. The including file defines which
// pixels belong to a blob: `belongs(pixel)`; which pixels start one: `begins(pixel)`; and which neighbours count:
// NEIGHBOURS, and `cell_of`, their places in a square of nine cells.

// The earliest seed that has reached a pixel.
@group(0) @binding(7) var<storage, read_write> owners: array<atomic<u32>>;

const WORKGROUP = 64u;

// The pixels of the flood in the order in which they were reached, later sorted, so that sums have one order.
var<workgroup> met: array<u32, MAX_BLOB>;
var<workgroup> blob: array<u32, MAX_BLOB>;
var<workgroup> size: atomic<u32>;
var<workgroup> foreign: atomic<u32>;
struct Wave { end: u32, over: u32 }
var<workgroup> wave: Wave;

// A neighbour of a pixel that lies on the panel; the pixel itself if there is no such neighbour.
fn neighbour(pixel: u32, which: u32, panel: PeaksPanel) -> u32 {
  let cell = cell_of(which);
  let fs = pixel % run.width + cell % 3u;
  let ss = pixel / run.width + cell / 3u;
  // Offset by one along both axes, so that no value is below zero.
  if (fs <= panel.fs || fs > panel.end_fs || ss <= panel.ss || ss > panel.end_ss) { return pixel; }
  return (ss - 1u) * run.width + fs - 1u;
}

// Collects the pixels of the seed's blob in `met`; returns their number, or 0 if the blob belongs to another seed or is
// too large.
fn flood(seed: u32, panel: PeaksPanel, lane: u32) -> u32 {
  if (lane == 0u) {
    atomicStore(&size, 1u);
    atomicStore(&foreign, select(0u, 1u, atomicMin(&owners[seed], seed) < seed));
    met[0] = seed;
  }
  var begin = 0u;
  loop {
    workgroupBarrier();
    if (lane == 0u) { wave = Wave(atomicLoad(&size), atomicLoad(&foreign)); }
    let now = workgroupUniformLoad(&wave);
    if (now.over != 0u || now.end > run.params.max_pix_count) { return 0u; }
    if (now.end == begin) { break; }
    for (var k = NEIGHBOURS * begin + lane; k < NEIGHBOURS * now.end; k += WORKGROUP) {
      let behind = met[k / NEIGHBOURS];
      let pixel = neighbour(behind, k % NEIGHBOURS, panel);
      if (pixel == behind || !belongs(pixel)) { continue; }
      let before = atomicMin(&owners[pixel], seed);
      if (before < seed || (pixel < seed && begins(pixel))) { atomicStore(&foreign, 1u); }
      if (before <= seed) { continue; }
      let slot = atomicAdd(&size, 1u);
      if (slot < MAX_BLOB) { met[slot] = pixel; }
    }
    begin = now.end;
  }
  return begin;
}

// Sorts `met` by pixel into `blob`. Does not end with a barrier.
fn sort_blob(pixels: u32, lane: u32) {
  for (var i = lane; i < pixels; i += WORKGROUP) {
    var rank = 0u;
    for (var j = 0u; j < pixels; j++) { rank += select(0u, 1u, met[j] < met[i]); }
    blob[rank] = met[i];
  }
}
