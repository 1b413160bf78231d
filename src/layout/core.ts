/** What all rooms share: the version of the C interface and its statuses. */
export const coreConstants = {
  /** Version of the C ABI; the loader refuses another. */
  abiVersion: 2,
} as const;

/** What a C function answers. */
export const coreEnums = {
  Status: {
    ok: 0,
    invalidArgument: 1,
    outOfMemory: 2,
    limit: 3,
    noDevice: 4,
    driverTooOld: 5,
    deviceLost: 6,
    device: 7,
    internal: 8,
    /** Data does not follow its format. */
    damaged: 9,
  },
} as const;
