// The scatter of a spot about its node: the errors of its position, of the wavelength, of the crystal's orientation and
// of its thickness, each along its own direction.
#include "indexing/few.h"

namespace ewald::indexing::few {

Symmetric inverse(const Symmetric& m, double& determinant) {
  const double xx = m.yy * m.zz - m.yz * m.yz, xy = m.xz * m.yz - m.xy * m.zz, xz = m.xy * m.yz - m.xz * m.yy;
  determinant = m.xx * xx + m.xy * xy + m.xz * xz;
  const double r = 1 / determinant;
  return {r * xx, r * xy, r * xz, r * (m.xx * m.zz - m.xz * m.xz), r * (m.xy * m.xz - m.xx * m.yz),
          r * (m.xx * m.yy - m.xy * m.xy)};
}

Symmetric scatter_of(Vec3 q, double wavelength, const ewald_few_params& params) {
  const double least = least_scatter * least_scatter;
  Symmetric scatter{least, 0, 0, least, 0, least};
  // A pixel to the side moves the ray s by less the farther it is away: by cos(2 theta).
  const Vec3 s = unit(q + Vec3{0, 0, 1 / wavelength});
  const double shift = params.spot_error * s.z, across = shift * shift;
  add_square(scatter, across, Vec3{1, 0, 0} - s.x * s);
  add_square(scatter, across, Vec3{0, 1, 0} - s.y * s);
  const double square = dot(q, q);
  add_square(scatter, double(params.bandwidth) * params.bandwidth, q);
  const Vec3 aside = Vec3{0, 0, 1} - (q.z / square) * q;
  const double part = dot(aside, aside);
  if (part > 1e-12) add_square(scatter, double(params.mosaicity) * params.mosaicity * square / part, aside);
  add_square(scatter, double(params.inverse_thickness) * params.inverse_thickness, Vec3{0, 0, 1});
  return scatter;
}

}  // namespace ewald::indexing::few
