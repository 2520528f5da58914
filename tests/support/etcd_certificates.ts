/** A certificate authority, a server certificate for 127.0.0.1 and a client certificate, made by openssl. */
import { runCommand } from "./run_command.ts";

export interface EtcdCertificates {
  /** Paths of PEM files. */
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

const script = `set -e; cd "$1"
key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
openssl req -x509 $key -days 2 -subj /CN=etcd-ca -keyout ca.key -out ca.crt
for name in server client; do
  openssl req $key -subj /CN=$name -keyout $name.key -out $name.csr
  printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=serverAuth,clientAuth\\n' > $name.ext
  openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile $name.ext -out $name.crt
done`;

export async function etcdCertificates(folder: string): Promise<EtcdCertificates> {
  await runCommand(["sh", "-c", script, "sh", folder]);
  return {
    ca: `${folder}/ca.crt`,
    serverCert: `${folder}/server.crt`,
    serverKey: `${folder}/server.key`,
    clientCert: `${folder}/client.crt`,
    clientKey: `${folder}/client.key`,
  };
}
