// The fit of a vector to the planes of its spots: prior and step, for one candidate (a float) or one a lane (a vector
// of them). The including file defines EWALD_KERNELS as the namespace of its arithmetic: fma, splat, sqrt.
#pragma once
#include "common/portable.h"

namespace EWALD_KERNELS {

// Sums over the spots near a plane: of s s^T, and of s times its deviation.
template <class F>
struct VectorSums {
  F xx, xy, xz, yy, yz, zz;
  F x, y, z;
};

// Restrains the vector z to the sampled vector o and the known length: `across` and `along` are the weights of a shift
// across and along o, 1/angstrom^2.
template <class F>
EWALD_HD_INLINE void add_prior(VectorSums<F>& s, F zx, F zy, F zz, F ox, F oy, F oz, F across, F along_less_across) {
  const F along = along_less_across;
  const F inverse = splat(1.0f) / sqrt(fma(ox, ox, fma(oy, oy, oz * oz)));
  const F ux = ox * inverse, uy = oy * inverse, uz = oz * inverse;
  const F dx = ox - zx, dy = oy - zy, dz = oz - zz;
  const F lengthwise = along * fma(ux, dx, fma(uy, dy, uz * dz));
  s.x = s.x + across * dx + lengthwise * ux;
  s.y = s.y + across * dy + lengthwise * uy;
  s.z = s.z + across * dz + lengthwise * uz;
  s.xx = s.xx + across + along * ux * ux;
  s.xy = s.xy + along * ux * uy;
  s.xz = s.xz + along * ux * uz;
  s.yy = s.yy + across + along * uy * uy;
  s.yz = s.yz + along * uy * uz;
  s.zz = s.zz + across + along * uz * uz;
}

// The step times the determinant; valid only if the determinant is above `least`.
template <class F>
struct VectorStep {
  F x, y, z, determinant, least;
};
template <class F>
EWALD_HD_INLINE VectorStep<F> step_of(const VectorSums<F>& s) {
  const F c00 = s.yy * s.zz - s.yz * s.yz, c01 = s.xy * s.zz - s.xz * s.yz, c02 = s.xy * s.yz - s.xz * s.yy;
  const F c11 = s.xx * s.zz - s.xz * s.xz, c12 = s.xx * s.yz - s.xy * s.xz, c22 = s.xx * s.yy - s.xy * s.xy;
  const F trace = s.xx + s.yy + s.zz;
  return {c00 * s.x - c01 * s.y + c02 * s.z, c11 * s.y - c01 * s.x - c12 * s.z, c02 * s.x - c12 * s.y + c22 * s.z,
          s.xx * c00 - s.xy * c01 + s.xz * c02, splat(1e-7f) * trace * trace * trace};
}

}  // namespace EWALD_KERNELS
