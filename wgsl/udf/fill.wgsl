// Replaces the bad pixels of corrected frames, an invocation per pixel and frame. The host defines PIXELS, LIMITED
// (whether a value can be bad in itself), PANEL_WIDTH (0: bad pixels become 0), PANEL_HEIGHT and ROW_PIXELS
// (pixels of the workgroups along x).

// [PIXELS], nonzero where a pixel is bad in every frame.
@group(0) @binding(0) var<storage, read> mask: array<u32>;
// [frames][PIXELS] if values can be bad; otherwise unused.
@group(0) @binding(1) var<storage, read> marks: array<u32>;
// [frames][PIXELS], bits of floats.
@group(0) @binding(2) var<storage, read_write> corrected: array<u32>;

fn is_bad(frame: u32, pixel: u32) -> bool {
  if (LIMITED == 1u) { return marks[frame * PIXELS + pixel] != 0u; }
  return mask[pixel] != 0u;
}

@compute @workgroup_size(64)
fn fill(@builtin(global_invocation_id) id: vec3u) {
  let pixel = id.z * ROW_PIXELS + id.x;
  if (pixel >= PIXELS || !is_bad(id.y, pixel)) { return; }
  var sum = 0.0;
  var count = 0.0;
  if (PANEL_WIDTH > 0u) {
    let width = i32(PANEL_WIDTH);
    let x = i32(pixel % PANEL_WIDTH);
    let y = i32(pixel / PANEL_WIDTH % PANEL_HEIGHT);
    for (var dy = -1; dy <= 1; dy++) {
      for (var dx = -1; dx <= 1; dx++) {
        if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= i32(PANEL_HEIGHT)) { continue; }
        let other = u32(i32(pixel) + dy * width + dx);
        if (is_bad(id.y, other)) { continue; }
        sum += bitcast<f32>(corrected[id.y * PIXELS + other]);
        count += 1.0;
      }
    }
  }
  corrected[id.y * PIXELS + pixel] = select(0u, bitcast<u32>(sum / max(count, 1.0)), count > 0.0);
}
