// Generated from src/compute/layout/core.ts by `npm run layout`. Do not edit.
const ABI_VERSION: u32 = 2u;
const STATUS_OK: u32 = 0u;
const STATUS_INVALID_ARGUMENT: u32 = 1u;
const STATUS_OUT_OF_MEMORY: u32 = 2u;
const STATUS_LIMIT: u32 = 3u;
const STATUS_NO_DEVICE: u32 = 4u;
const STATUS_DRIVER_TOO_OLD: u32 = 5u;
const STATUS_DEVICE_LOST: u32 = 6u;
const STATUS_DEVICE: u32 = 7u;
const STATUS_INTERNAL: u32 = 8u;
const STATUS_DAMAGED: u32 = 9u;
