// The lattice that a spot belongs to. Needs `cells` and `lattices`.
struct Owner {
  lattice: u32,
  off: f32, // squared distance from its node, in acceptance radii
}

fn owner_of(image: u32, accepted: u32, s: vec3f) -> Owner {
  var owner = Owner(0u, 1.0);
  for (var k = 0u; k < accepted; k++) {
    let lattice = lattices[accepted_at(image, k)];
    let cell = cell_of_lattice(lattice);
    let radius = cells[lattice.input].acceptance;
    let e = residual(cell, reciprocal(cell), s).e;
    let off = dot(e, e) / (radius * radius);
    if (off < owner.off) { owner = Owner(k + 1u, off); }
  }
  return owner;
}
