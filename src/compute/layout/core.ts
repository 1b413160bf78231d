/** Definitions common to all rooms: the version of the C interface and its statuses. */
export const coreConstants = {
  /** Version of the C ABI; the loader refuses any other. */
  abiVersion: 2,
} as const;

/** Statuses that C functions return. */
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
