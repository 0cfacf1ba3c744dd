// network.mjs: hosts of the tests' own, each a network namespace with an address of its own, joined by one
// bridge. A test file that says "// network" in its first ten lines is itself started in such a namespace
// (run-system.sh), which is the wire: it reaches every host by its address, and nothing else is there.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const run = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });

// Why there can be no such hosts here, or undefined.
export function missing() {
  if (!process.env.HEARTH_NETWORK) return 'no network namespaces here (they take root)';
  if (!existsSync('build/peers/opensmtpd')) return 'the other mail servers are not here (third_party/unpack.sh)';
}

export class Network {
  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'hearth-network-'));
    this.hosts = [];
    run('ip', 'link', 'set', 'lo', 'up');
    run('ip', 'link', 'add', 'wire', 'type', 'bridge');
    run('ip', 'address', 'add', '203.0.113.254/24', 'dev', 'wire');
    run('ip', 'link', 'set', 'wire', 'up');
  }

  // A host; with the name of a package it has a tree of its own with that in it.
  async host(name, ip, pkg) {
    const host = new Host(this, name, ip, pkg);
    await host.start();
    this.hosts.push(host);
    return host;
  }

  async end() {
    await Promise.all(this.hosts.map((host) => host.end()));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

class Host {
  constructor(network, name, ip, pkg) {
    Object.assign(this, { network, name, ip, pkg, log: '', programs: [] });
    this.dir = join(network.dir, name);
    this.root = join(this.dir, 'root');
  }

  async start() {
    const args = [resolve('tests/system/host.sh'), this.dir, this.ip, ...(this.pkg ? [resolve('build/peers', this.pkg)] : [])];
    mkdirSync(this.dir);
    this.child = spawn('unshare', [...process.env.HEARTH_NETWORK.split(' '), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.gone = new Promise((done) => this.child.on('close', done));
    await this.said('ready');
    const link = `to${this.ip.split('.').at(-1)}`;
    run('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(this.child.pid));
    run('ip', 'link', 'set', link, 'master', 'wire', 'up');
    this.child.stdin.write('\n');
    await this.said('up');
  }

  said(word) {
    return new Promise((done, fail) => {
      const take = (bytes) => {
        if (!bytes.toString().includes(word)) return;
        this.child.stdout.off('data', take);
        done();
      };
      this.child.stdout.on('data', take);
      this.gone.then(() => fail(new Error(`the host ${this.name} ended`)));
    });
  }

  // What stands before a command that is to run there.
  get inside() {
    return ['nsenter', '-t', String(this.child.pid), '-n', '-m', '-r', ...(this.pkg ? ['chroot', this.root] : [])];
  }

  write(path, text, mode = '644') {
    this.shell(`mkdir -p "$(dirname ${path})" && cat >${path} && chmod ${mode} ${path}`, text);
  }

  append(path, text) {
    this.shell(`cat >>${path}`, text);
  }

  // A command there, to its end.
  shell(command, input = '') {
    const done = spawnSync(this.inside[0], [...this.inside.slice(1), 'bash', '-c', command], { input, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${this.name}: ${command}: ${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  // A server there, which ends with the host; what it says is in its log.
  serve(...command) {
    const child = spawn(this.inside[0], [...this.inside.slice(1), ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (this.log += bytes));
    const gone = new Promise((done) => child.on('close', done));
    this.programs.push({ child, gone });
    return child;
  }

  async end() {
    // Everybody in its namespace, daemons that let go of their parent too.
    const own = run('readlink', `/proc/${this.child.pid}/ns/net`).trim();
    const pids = run('bash', '-c', 'for p in /proc/[0-9]*; do echo "${p#/proc/} $(readlink $p/ns/net)"; done 2>/dev/null || true');
    for (const line of pids.split('\n')) {
      const [pid, space] = line.split(' ');
      if (space === own && Number(pid) !== this.child.pid)
        try {
          process.kill(Number(pid), 'SIGKILL');
        } catch {}
    }
    this.child.stdin.end();
    await this.gone;
  }
}
