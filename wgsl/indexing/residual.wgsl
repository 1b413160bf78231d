// A spot against the nearest node of a lattice.
struct Residual {
  index: vec3f,  // of the node
  offset: vec3f, // the spot's indices less the node's
  e: vec3f,      // spot - node
}

// `nodes`: the reciprocal of the cell.
fn residual(cell: Cell, nodes: Cell, s: vec3f) -> Residual {
  let h = indices_of(cell, s);
  let index = round(h);
  // From the index residuals, not as s - q: no digits are lost.
  return Residual(index, h - index, point_of(nodes, h - index));
}
