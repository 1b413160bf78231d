fn sink(base: u32, m: u32, v: vec2f) {
  let odd = 2u * m >= AXIS;
  let x = select(v.x, -v.x, SINE && odd);
  store(base, select(2u * m, 2u * (AXIS - m) - 1u, odd), x * run.scale);
}
