/**
 * The radial profiles of a run that pages follow: a row for every five seconds of the last ten minutes, and the mean of
 * the last minute. Means are ΣΣc/ΣΣn over frames.
 */
import type { ServerResponse } from 'node:http';
import { bytesOfArray } from '../bytes/dtype.js';
import { whyNoIce } from '../pipeline/profile/ice.js';
import { type ProfileRecord, ProfileSum, type RadialProfile } from '../pipeline/profile/radial-profile.js';

/** Time of a row, ms, and the number of rows. */
const [rowMs, maxRows] = [5000, 120];
/** Rows of the mean: a minute. */
const rowsOfMean = 12;
const meanMs = rowsOfMean * rowMs;

interface Row {
  readonly profile: RadialProfile;
  /** Time of its last frame, ms. */
  readonly latestMs: number;
}

/** What the newest frame with a profile showed. */
export interface NewestProfile {
  readonly background: number | undefined;
  readonly backgroundRange: ProfileRecord['backgroundRange'];
  readonly ice: ProfileRecord['ice'];
  /** Why it measures no ice. */
  readonly whyNoIce?: string | undefined;
}

export class LiveProfiles {
  readonly #rows: Row[] = [];
  #sum = new ProfileSum();
  #began = 0;
  /** Time of the last frame, ms. */
  #latestMs = 0;
  #newest: NewestProfile | undefined;
  #frames = 0;

  /** Whether a frame had a profile. */
  get isEmpty(): boolean {
    return this.#frames === 0;
  }

  /** Adds a frame; `now` is a time in ms. */
  add(profile: ProfileRecord, now: number): void {
    // Brief records have no bins.
    if (profile.counts.length === 0) return;
    if (this.#frames === 0) this.#began = now;
    this.#frames++;
    const { background, backgroundRange, ice } = profile;
    const why = ice ? undefined : whyNoIce(profile, profile.backgroundCounts, profile.backgroundNorm);
    this.#newest = { background, backgroundRange, ice, whyNoIce: why };
    if (now - this.#began >= rowMs) this.#endRow(now);
    this.#latestMs = now;
    // Rows of other bins cannot be drawn beside each other.
    if (this.#rows[0] && this.#rows[0].profile.counts.length !== profile.counts.length) this.#rows.length = 0;
    if (this.#sum.add(profile)) return;
    this.#sum = new ProfileSum();
    this.#sum.add(profile);
  }

  #endRow(now: number): void {
    this.#began = now;
    const { profile } = this.#sum;
    if (profile) this.#rows.push({ profile, latestMs: this.#latestMs });
    if (this.#rows.length > maxRows) this.#rows.shift();
    this.#sum = new ProfileSum();
  }

  /**
   * [3 + rows, bins] float32: q = 2π/d in 1/Å, the mean of the last minute, the same without peaks, and the rows, the
   * newest last. Undefined without frames.
   */
  get table(): { readonly values: Float32Array; readonly rows: number; readonly bins: number } | undefined {
    const current = this.#sum.profile;
    const latestMs = this.#latestMs;
    const rows = [...this.#rows, ...(current ? [{ profile: current, latestMs }] : [])];
    const mean = new ProfileSum();
    // Before a pause of the beam, the rows are older.
    for (const row of rows.slice(-rowsOfMean)) if (latestMs - row.latestMs < meanMs) mean.add(row.profile);
    const { profile } = mean;
    if (!profile) return undefined;
    const bins = profile.q.length;
    const values = new Float32Array((3 + rows.length) * bins);
    for (const [i, line] of [profile.q, profile.intensity, profile.backgroundIntensity].entries())
      values.set(line, i * bins);
    for (const [i, row] of rows.entries()) values.set(row.profile.intensity, (3 + i) * bins);
    return { values, rows: rows.length, bins };
  }

  /** Answers a request of a page; returns false without a profile. */
  answer(response: ServerResponse, isHead: boolean): boolean {
    const { table } = this;
    if (!table) return false;
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': table.values.byteLength,
      'Cache-Control': 'no-store',
      'X-Shape': `${3 + table.rows},${table.bins}`,
      'X-Frames': String(this.#frames),
      'X-Newest': JSON.stringify(this.#newest ?? {}),
    });
    response.end(isHead ? undefined : bytesOfArray(table.values));
    return true;
  }
}
