// nginx.mjs: an nginx of its own that serves a folder, as one sets it up for this: sendfile, a worker
// for each processor, no access log. The same by TLS, with a certificate of its own.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, freePort, opens, startProgram, tempFolder } from '../lib.mjs';

// Gives {port, tls (a port as well), pid, stop(), put(name, bytes)}.
export async function startNginx() {
  const dir = tempFolder('nginx');
  chmodSync(dir, 0o755);
  const port = await freePort();
  const tls = await freePort();
  const files = join(dir, 'files');
  mkdirSync(files);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=127.0.0.1', '-keyout', `${dir}/key.pem`, '-out', `${dir}/cert.pem`], { stdio: 'ignore' });
  writeFileSync(join(dir, 'nginx.conf'), `daemon off;
worker_processes auto;
pid ${dir}/nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 65536;
events { worker_connections 16384; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  keepalive_timeout 600s;
  types { video/mp4 m4s; text/css css; }
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  server { listen 127.0.0.1:${port} backlog=4096; root ${files}; }
  server {
    listen 127.0.0.1:${tls} ssl backlog=4096;
    root ${files};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate ${dir}/cert.pem;
    ssl_certificate_key ${dir}/key.pem;
  }
}
`);
  const child = startProgram('nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')]);
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`nginx: ${child.said}`);
    return opens(port);
  }, 20, 'nginx listens');
  return { port, tls, pid: child.pid, stop: child.stop, put: (name, bytes) => writeFileSync(join(files, name), bytes) };
}
