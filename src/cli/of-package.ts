/**
 * What the program takes from the package when a command starts. `import()` of an entry would load all of its rooms:
 * 230 files for `ewald info` instead of 83.
 */
export { explainWord, explanationsText, interruptible } from '../entries/command.node.js';
