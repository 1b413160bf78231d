// A reporter of vitest that appends each result to a file when it is there, so that a run that is stopped keeps the
// results that it has. EWALD_TEST_RESULTS names the file; a line is a JSON record.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export default class ResultsReporter {
  #path = process.env.EWALD_TEST_RESULTS;

  onTestRunStart() {
    if (!this.#path) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, '');
  }

  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    const { duration = 0, retryCount = 0 } = test.diagnostic() ?? {};
    this.#append({
      file: test.module.moduleId,
      project: test.project.name,
      name: test.fullName,
      line: test.location?.line,
      tags: test.tags,
      state,
      ms: Math.round(duration),
      retries: retryCount,
      message: errors[0]?.message,
      // What `npm run house` prints: the message cuts long lists.
      ...(process.env.EWALD_TEST_COMMAND === 'house' ? { diff: errors[0]?.diff } : {}),
    });
  }

  /** A file that does not load, or whose hooks fail, has errors of its own. */
  onTestModuleEnd(module) {
    this.#append({
      file: module.moduleId,
      project: module.project.name,
      state: module.state(),
      ms: Math.round(module.diagnostic().duration),
      collectMs: Math.round(module.diagnostic().collectDuration),
      errors: [...module.errors(), ...suitesOf(module.children)].map(({ message }) => message),
    });
  }

  onTestRunEnd(_modules, unhandled, reason) {
    this.#append({ end: reason, errors: unhandled.map(({ message }) => message) });
  }

  #append(record) {
    if (this.#path) appendFileSync(this.#path, `${JSON.stringify(record)}\n`);
  }
}

/** The errors of the hooks of suites, which belong to no test. */
function suitesOf(children) {
  return [...children].flatMap((child) =>
    child.type === 'suite' ? [...child.errors(), ...suitesOf(child.children)] : [],
  );
}
