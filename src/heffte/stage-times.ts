/** How long the stages of a run take. */

/** The first and the last moment of each stage of one run. */
export class StageTimes {
  readonly #spans: (readonly [beganMs: number, endedMs: number] | undefined)[] = [];

  /** Notes work of a stage that began then and ends now. */
  note(stage: number, began: number): void {
    const [first] = this.#spans[stage] ?? [began];
    this.#spans[stage] = [first, performance.now()];
  }

  /** Milliseconds from the beginning to the end of a stage; undefined if this rank had nothing to do. */
  of(stage: number): number | undefined {
    const span = this.#spans[stage];
    return span && span[1] - span[0];
  }
}
