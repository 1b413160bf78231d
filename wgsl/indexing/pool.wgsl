// The lattices of a search, best first: a list of places in order, followed by the free places. Needs `lattices`,
// `orders` and `tallies`; one thread per image at a time.
fn order_at(image: u32, pool: u32) -> u32 { return (2u * image + pool) * run.pool; }
fn lattice_at(image: u32, pool: u32, rank: u32) -> u32 { return pool_at(image, pool, orders[order_at(image, pool) + rank]); }

// Judged lattices first, by their chance; then the others by merit; ties by the order in which they were found.
fn better(a: Lattice, b: Lattice) -> bool {
  let judged = a.marks & JUDGED;
  if (judged != (b.marks & JUDGED)) { return judged != 0u; }
  if (judged != 0u && a.log10_chance != b.log10_chance) { return a.log10_chance < b.log10_chance; }
  return a.merit > b.merit;
}

fn insert(image: u32, pool: u32, lattice: Lattice) {
  let order = order_at(image, pool);
  let held = tallies[image].held[pool];
  var at = held;
  while (at > 0u && better(lattice, lattices[lattice_at(image, pool, at - 1u)])) { at--; }
  if (at == run.pool) { return; }
  let last = min(held, run.pool - 1u);
  let free = orders[order + last];
  for (var i = last; i > at; i--) { orders[order + i] = orders[order + i - 1u]; }
  orders[order + at] = free;
  lattices[pool_at(image, pool, free)] = lattice;
  tallies[image].held[pool] = last + 1u;
}

fn take_out(image: u32, pool: u32, rank: u32) {
  let order = order_at(image, pool);
  let held = tallies[image].held[pool] - 1u;
  let freed = orders[order + rank];
  for (var i = rank; i < held; i++) { orders[order + i] = orders[order + i + 1u]; }
  orders[order + held] = freed;
  tallies[image].held[pool] = held;
}
