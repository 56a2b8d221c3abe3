// The official WorkOS emulator as a foreign issuer. It binds every interface and has no option for it, so `listen` is
// narrowed to loopback before it is loaded. Prints one JSON line with its URL, then serves until stdin closes.
import net from 'node:net'

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const options = typeof args[0] === 'object' && args[0] !== null ? { ...args[0] } : { port: args[0] }
  const callback = args.findLast((argument) => typeof argument === 'function')
  return listen.call(this, { ...options, host: '127.0.0.1' }, callback)
}

const { createEmulator } = await import('workos/emulate')
const port = Number(process.argv[2])
const emulator = await createEmulator({
  port,
  seed: {
    users: [
      { email: 'wanda@example.com', password: 'correct horse battery', first_name: 'Wanda', last_name: 'Works' },
      { email: 'olaf@example.com', password: 'correct horse battery', first_name: 'Olaf', last_name: 'Oslo' },
    ],
    organizations: [{ name: 'Acme', memberships: [{ email: 'wanda@example.com', role: 'admin' }] }],
  },
})
console.log(JSON.stringify({ url: emulator.url, port: emulator.port, apiKey: emulator.apiKey }))
process.stdin.resume()
process.stdin.on('end', async () => {
  await emulator.close()
  process.exit(0)
})
