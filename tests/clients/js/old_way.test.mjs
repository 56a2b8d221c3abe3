// The old way: a Clerk template signed with the project's JWT secret, with supabase-js of today and of 1.35.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient as createOldClient } from 'supabase-js-v1'
import { as, good, world } from './world.mjs'

test('supabase-js 1.35 signs its requests with auth.setAuth(token)', async () => {
  for (const key of [world.keys.ANON_KEY, world.keys.PUBLISHABLE_KEY]) {
    const client = createOldClient(world.url, key, { autoRefreshToken: false, persistSession: false })
    client.auth.setAuth(world.tokens.old_way)
    const { data, error } = await client.from('lists').insert({ name: 'old' })
    assert.equal(error, null)
    assert.equal(data[0].user_id, 'user_olga')
    assert.equal((await client.from('lists').select('name')).data.length, 1)
    assert.equal((await client.from('lists').delete().eq('name', 'old')).error, null)
  }
})

test('supabase-js of today hands over the same token through accessToken', async () => {
  const made = good(await as('old_way').from('lists').insert({ name: 'old' }).select().single())
  assert.equal(made.user_id, 'user_olga')
  good(await as('old_way').from('lists').delete().eq('id', made.id))
})

test('such a token never becomes service_role', async () => {
  const { status, error } = await as('old_way_service').from('lists').select()
  assert.equal(status, 403)
  assert.ok(error.message)
})
