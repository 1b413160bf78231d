// Lattice of each spot of an image into `owners`: the nearest within its acceptance radius, 1 for the first; 0 for
// none.
#include "indexing/owner.wgsl"

fn assign_spots(image: u32, accepted: u32, used: u32) {
  for (var i = lane; i < used; i += WORKGROUP) { owners[image * run.max_spots + i] = owner_of(image, accepted, spots[all_at(image) + i].xyz).lattice; }
  storageBarrier();
}
