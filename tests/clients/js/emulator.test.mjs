// Tokens of the official WorkOS emulator, obtained with WorkOS's own SDK, read and write through supabase-js.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkOS } from '@workos-inc/node'
import { createClient, good, world } from './world.mjs'

const workos = new WorkOS(world.emulator.apiKey, {
  apiHostname: '127.0.0.1', port: world.emulator.port, https: false, clientId: 'client_test',
})

async function signIn(email) {
  const { accessToken, user } = await workos.userManagement.authenticateWithPassword({
    clientId: 'client_test', email, password: 'correct horse battery',
  })
  const client = createClient(world.url, world.keys.PUBLISHABLE_KEY, { accessToken: async () => accessToken })
  return { client, user }
}

test('two people of the emulator each see their own rows', async () => {
  const wanda = await signIn('wanda@example.com')
  const olaf = await signIn('olaf@example.com')
  const list = good(await wanda.client.from('lists').insert({ name: 'emulated' }).select().single())
  assert.equal(list.user_id, wanda.user.id)
  assert.deepEqual(good(await olaf.client.from('lists').select()), [])
  assert.deepEqual(good(await wanda.client.from('lists').select('name')), [{ name: 'emulated' }])
  good(await wanda.client.from('lists').delete().eq('id', list.id))
})
