// From the spectrum X of a real line x of even length n that of z[j] = x[2j] + i x[2j+1], of h = n/2 points:
// Z[k] = X[k] + conj X[h-k] + i exp(2 pi i k/n) (X[k] - conj X[h-k]). Exchanged parts make the forward sum the inverse.
// Imaginary parts of X[0] and X[h], which a real line cannot have, are ignored.
fn source(base: u32, k: u32) -> vec2f {
  let h = AXIS / 2u;
  var x = load(base, k);
  var y = conjugate(load(base, h - k));
  if (k == 0u) {
    x.y = 0.0;
    y.y = 0.0;
  }
  // i exp(2 pi i k/n) d = conj(-i exp(-2 pi i k/n) conj d)
  let d = conjugate(turn(times(table[HALVES + k], conjugate(x - y))));
  return (x + y + d).yx;
}
