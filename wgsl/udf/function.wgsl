// A user's function over frames: one workgroup per frame, or per group of frames for results over all frames. The host
// writes the accessors of its results, parameters and tables after this file, followed by the user's process_frame.
#include "udf/frames.wgsl"

@group(0) @binding(0) var<storage, read> frames: array<u32>;
@group(0) @binding(1) var<uniform> chunk: Chunk;
@group(0) @binding(2) var<uniform> params: Params;
// Flat scan position of each frame of the chunk.
@group(0) @binding(3) var<storage, read> positions: array<u32>;
// Auxiliary data: the data of each frame of the chunk, then the others.
@group(0) @binding(4) var<storage, read> tables: array<f32>;
// Results of each frame of the chunk, then the results of each group of frames.
@group(0) @binding(5) var<storage, read_write> results: array<u32>;

const LANES: u32 = 64u;
var<private> frame_here: u32;
var<private> group_here: u32;
var<private> lane_here: u32;
var<workgroup> lane_numbers: array<u32, LANES>;

// A pixel of the frame, in C order.
fn pixel(i: u32) -> f32 {
  return real_at(frames[frame_here * FRAME_WORDS + i / PER_WORD], i % PER_WORD);
}

// The same for integer frames, without rounding.
fn pixel_i32(i: u32) -> i32 {
  return integer_at(frames[frame_here * FRAME_WORDS + i / PER_WORD], i % PER_WORD);
}

fn pixel_u32(i: u32) -> u32 {
  return bitcast<u32>(pixel_i32(i));
}

// Flat scan position of the frame.
fn position() -> u32 {
  return positions[frame_here];
}

fn lanes_sum(value: f32) -> f32 {
  lane_numbers[lane_here] = bitcast<u32>(value);
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane_here < stride) {
      lane_numbers[lane_here] =
        bitcast<u32>(bitcast<f32>(lane_numbers[lane_here]) + bitcast<f32>(lane_numbers[lane_here + stride]));
    }
  }
  return bitcast<f32>(workgroupUniformLoad(&lane_numbers[0]));
}

fn lanes_max(value: f32) -> f32 {
  lane_numbers[lane_here] = bitcast<u32>(value);
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane_here < stride) {
      lane_numbers[lane_here] =
        bitcast<u32>(max(bitcast<f32>(lane_numbers[lane_here]), bitcast<f32>(lane_numbers[lane_here + stride])));
    }
  }
  return bitcast<f32>(workgroupUniformLoad(&lane_numbers[0]));
}

fn lanes_min(value: f32) -> f32 {
  return -lanes_max(-value);
}

fn lanes_sum_u32(value: u32) -> u32 {
  lane_numbers[lane_here] = value;
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane_here < stride) { lane_numbers[lane_here] += lane_numbers[lane_here + stride]; }
  }
  return workgroupUniformLoad(&lane_numbers[0]);
}

fn lanes_sum_i32(value: i32) -> i32 {
  return bitcast<i32>(lanes_sum_u32(bitcast<u32>(value)));
}

@compute @workgroup_size(LANES)
fn every_frame(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // Every binding is in the layout, whatever the user's function uses.
  _ = frames[0];
  _ = params.padding;
  _ = positions[0];
  _ = tables[0];
  _ = results[0];
  lane_here = lane;
  group_here = workgroup.x;
  for (var frame = workgroup.x; frame < chunk.count; frame += workgroups.x) {
    frame_here = frame;
    process_frame(lane);
    storageBarrier();
  }
}
