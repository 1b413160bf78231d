// Generated from src/compute/layout/random.ts by `npm run layout`. Do not edit.
const PHILOX_M0: u32 = 3528531795u;
const PHILOX_M1: u32 = 3449720151u;
const PHILOX_W0: u32 = 2654435769u;
const PHILOX_W1: u32 = 3144134277u;
const PHILOX_ROUNDS: u32 = 10u;
