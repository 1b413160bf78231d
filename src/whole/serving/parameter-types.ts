// Generated from parameters.ts by `npm run layout`. Do not edit.

/** Where a server of pages listens. */
export interface ListenParameters {
  /** Port to listen on; 0 chooses a free one. 0 … 65535; default 0. */
  readonly port?: number | undefined;
  /**
   * Address to listen on, for a browser on another computer. The default can be reached from this computer only.
   * Default 127.0.0.1.
   */
  readonly host?: string | undefined;
}

/** With what a viewer shows frames. */
export interface ViewParameters {
  /** CrystFEL .geom of the detector. Default described by the file. */
  readonly geometry?: string | undefined;
  /**
   * Known cell: a CrystFEL .cell or PDB file, or a,b,c,alpha,beta,gamma. Without one, "Index all" determines it from
   * the frames; those that arrive are only searched for peaks.
   */
  readonly cell?: string | undefined;
  /** Shows frames as they are added: to files that grow, to a stream, and as new files of folders. Default false. */
  readonly follow?: boolean | undefined;
  /** Dataset of the frames in HDF5 files. Default the geometry's, or the file's own choice. */
  readonly dataset?: string | undefined;
}

/** How a run that nobody looks at is watched. */
export interface WatchParameters {
  /** Appends the events of the run to this file, one JSON line each. */
  readonly log?: string | undefined;
  /**
   * Size at which the log begins a new file; the last four are kept as FILE.1 … FILE.4. Bytes; 1000 … 1099511627776;
   * default 16777216.
   */
  readonly logBytes?: number | undefined;
  /**
   * Answers /health and /metrics (Prometheus) on this port of this computer, or host:port; prints the address.
   * Requests need the token of the address, as `?token=` or as a Bearer; EWALD_STATUS_TOKEN sets one that stays the
   * same.
   */
  readonly status?: string | undefined;
  /** An alarm, such as 'hits<5% for 2min', of hits, indexed, rate, lag or disk; may be repeated. */
  readonly alarm?: readonly string[] | undefined;
  /** Runs this command when an alarm begins and when it ends, with EWALD_ALARM and EWALD_ALARM_STATE. */
  readonly onAlarm?: string | undefined;
}
