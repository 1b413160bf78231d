fn sink(base: u32, k: u32, v: vec2f) {
  store(base, k, select(v.x, v.y, run.swap_out != 0u) * run.scale);
}
