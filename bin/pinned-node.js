/**
 * Runs a program of this package with a Node that can run it, whatever Node started us.
 *
 * The sources are TypeScript that Node runs directly, which needs Node 24. Machines have older ones, so Node 24 is pinned as
 * an npm package. This file and the two launchers beside it are the only code that must run on Node 18.
 */
import { existsSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE_MAJOR = 24;
const NO_NODE_EXIT_CODE = 2;
const KILLED_EXIT_CODE_BASE = 128;
const LAUNCHER_VARIABLE = 'PENSTOCK_LAUNCHER';
/** How long, at most, a program outlives a launcher that was killed, in milliseconds. */
const LAUNCHER_LOOK_MS = 500;
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];

/** Whether the running Node can run the sources itself. */
export function runningNodeIsEnough() {
  return Number.parseInt(process.versions.node, 10) >= OLDEST_NODE_MAJOR;
}

/** Keeps compiled code between starts. Where the directory cannot be written, Node goes on without it. */
export function enableCompileCache() {
  const cacheHome = process.env.XDG_CACHE_HOME || ownCache();
  if (cacheHome !== undefined) nodeModule.enableCompileCache(join(cacheHome, 'penstock', 'compiled'));
}

function ownCache() {
  try {
    return join(homedir(), '.cache');
  } catch {
    return undefined; // No HOME, and no entry in the user database: as in many containers.
  }
}

/**
 * Runs `script` with the pinned Node in a child process that takes this one's place as far as a child can: it has our
 * standard streams, gets the signals we get, and its end (exit code or signal) becomes ours.
 */
export async function runWithPinnedNode(script, scriptArguments) {
  const node = findPinnedNode();
  if (node === undefined) return fail(`the Node pinned for this platform (${pinnedPackage()}) is not installed`);
  const { spawn } = await import('node:child_process');
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', script, ...scriptArguments], {
    stdio: 'inherit',
    env: { ...process.env, [LAUNCHER_VARIABLE]: String(process.pid) },
  });
  child.on('error', (error) => fail(`the pinned Node cannot be started: ${error.message}`));
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => forward(child, signal));
  child.on('exit', (code, signal) => (signal === null ? process.exit(code) : endBySignal(signal)));
}

/**
 * Ends this process when the launcher that started it was killed, as it would have ended itself: whoever kills what they
 * started (kill -9, or a machine that is short of memory) means this process, and must not find it running afterwards.
 */
export function endWithLauncher() {
  const launcher = Number(process.env[LAUNCHER_VARIABLE]);
  // Not for the programs that this one starts.
  delete process.env[LAUNCHER_VARIABLE];
  if (!Number.isInteger(launcher) || launcher <= 0) return;
  const look = () => {
    if (process.ppid !== launcher) process.kill(process.pid, 'SIGKILL');
  };
  look();
  setInterval(look, LAUNCHER_LOOK_MS).unref();
}

function pinnedPackage() {
  return `node-${process.platform}-${process.arch}`;
}

/** Looks in the `node_modules` of this package and of every folder around it, as Node itself would. */
function findPinnedNode() {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', pinnedPackage(), 'bin', 'node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Ctrl-C and Ctrl-\ reach the child from the terminal itself; sent again they would count as pressed twice. */
function forward(child, signal) {
  const isTyped = (signal === 'SIGINT' || signal === 'SIGQUIT') && isInForeground();
  if (!isTyped) child.kill(signal);
}

/** Whether we belong to the process group that the terminal, if there is one, sends its signals to (Linux only). */
function isInForeground() {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // After the name in brackets: state, parent, process group, session, terminal, foreground process group.
    const [, , group, , , foregroundGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foregroundGroup;
  } catch {
    return false; // no /proc: forward, as a signal that arrives twice is better than one that is lost
  }
}

/** Ends this process by the signal that ended the child, so that a caller sees the truth. */
function endBySignal(signal) {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Reached when the signal does not end a Node process (SIGUSR1, say): shells count from 128.
  setTimeout(() => process.exit(KILLED_EXIT_CODE_BASE + constants.signals[signal]), 100);
}

function fail(reason) {
  process.stderr.write(
    `penstock needs Node ${OLDEST_NODE_MAJOR} or newer: this is Node ${process.versions.node}, and ${reason}.\n` +
      `Install Node ${OLDEST_NODE_MAJOR}, or run "npm ci" in the package without leaving out optional dependencies.\n`,
  );
  process.exit(NO_NODE_EXIT_CODE);
}
