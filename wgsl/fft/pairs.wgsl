// From the spectrum Z of z[j] = x[2j] + i x[2j+1] (h points) that of the real line x (2h points), for k = 0 ... h:
// X[k] = (Z[k] + conj Z[h-k] - i exp(-pi i k/h) (Z[k] - conj Z[h-k])) / 2, indices of Z modulo h.
fn unpair(k: u32, z: vec2f, mirror: vec2f) -> vec2f {
  let y = conjugate(mirror);
  return 0.5 * (z + y + turn(times(table[HALVES + k], z - y)));
}
