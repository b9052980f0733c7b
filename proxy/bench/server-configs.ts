/** What the peers need: where to listen, what to forward to, with which certificate. */
export interface PeerAddress {
  readonly port: number;
  readonly upstreamPort: number;
  readonly certFile: string;
  readonly keyFile: string;
  /** Writable; for pid files and temporary bodies. */
  readonly dir: string;
}

/** The policy of all TLS peers: 1.3 with the cheapest cipher, tickets, no HTTP/2. */
const ciphers = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";

const nginxFrame = (dir: string, name: string, http: string) => `daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${dir}/${name}.pid;
error_log ${dir}/${name}.log;
events { worker_connections 8000; }
http {
  access_log off;
  client_body_temp_path ${dir}/${name}-body;
  proxy_temp_path ${dir}/${name}-proxy;
  fastcgi_temp_path ${dir}/${name}-fastcgi;
  uwsgi_temp_path ${dir}/${name}-uwsgi;
  scgi_temp_path ${dir}/${name}-scgi;
  keepalive_timeout 300s;
  keepalive_requests 100000000;
${http}
}
`;

/** The backend of every peer: a small JSON answer and two files. `dir` holds `www/64k` and `www/1m`. */
export function backendConfig(port: number, dir: string): string {
  return nginxFrame(
    dir,
    "backend",
    `  server {
    listen 127.0.0.1:${port};
    location = /health { default_type application/json; return 200 '{"status":"ok","version":"0.1.0"}\\n'; }
    location / { root ${dir}/www; }
  }`,
  );
}

/** One worker, a pool of kept connections, nothing added. */
export function nginxConfig({ port, upstreamPort, certFile, keyFile, dir }: PeerAddress): string {
  return nginxFrame(
    dir,
    "nginx",
    `  upstream backend { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${certFile};
    ssl_certificate_key ${keyFile};
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites ${ciphers};
    location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }`,
  );
}

/** One thread, a pool of kept connections, nothing added. */
export function haproxyConfig({ port, upstreamPort, dir }: PeerAddress, pemFile: string): string {
  return `global
  nbthread 1
  maxconn 8000
  ssl-default-bind-ciphersuites ${ciphers}
  ssl-default-bind-options ssl-min-ver TLSv1.3
  stats socket ${dir}/haproxy.sock
defaults
  mode http
  http-reuse always
  timeout connect 5s
  timeout client 300s
  timeout server 60s
frontend edge
  bind 127.0.0.1:${port} ssl crt ${pemFile} alpn http/1.1
  default_backend backend
backend backend
  server one 127.0.0.1:${upstreamPort} pool-max-conn 64
`;
}
