// Two real elements from the complex number they went as, whose parts are exchanged (source_hermitian_packed).
fn sink(base: u32, j: u32, v: vec2f) {
  store(base, 2u * j, v.y * run.scale);
  store(base, 2u * j + 1u, v.x * run.scale);
}
