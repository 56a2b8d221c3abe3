// The story with supabase-js: two organizations, one signed in through each provider.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { as, createClient, good, nobody, world } from './world.mjs'

const people = ['alice', 'wanda']
const lists = {}

after(async () => {
  for (const person of people) good(await as(person).from('lists').delete().gte('id', 0))
})

for (const person of people) {
  test(`${person} inserts a list with todos, owned through the column default`, async () => {
    const client = as(person)
    const list = good(await client.from('lists').insert({ name: `${person}'s list` }).select().single())
    assert.equal(list.user_id, `user_${person}`)
    lists[person] = list
    const todos = good(await client.from('todos').insert([
      { list_id: list.id, title: 'buy milk', done: false },
      { list_id: list.id, title: 'sell milk', done: true },
    ]).select('title, done, user_id'))
    assert.deepEqual(todos, [
      { title: 'buy milk', done: false, user_id: `user_${person}` },
      { title: 'sell milk', done: true, user_id: `user_${person}` },
    ])
  })
}

for (const person of people) {
  test(`${person} reads her own rows, with their list, and nobody else's`, async () => {
    const { data, count, error } = await as(person)
      .from('todos').select('title, list:lists(name, user_id)', { count: 'exact' }).order('title')
    assert.equal(error, null)
    assert.equal(count, 2)
    assert.deepEqual(data.map((row) => row.title), ['buy milk', 'sell milk'])
    for (const row of data) assert.equal(row.list.user_id, `user_${person}`)
    const nested = good(await as(person).from('lists').select('name, todos(title)').order('title', { referencedTable: 'todos' }))
    assert.deepEqual(nested, [{ name: `${person}'s list`, todos: [{ title: 'buy milk' }, { title: 'sell milk' }] }])
  })
}

test("a stranger's rows do not exist: no read, no update, no delete, no todo in her list", async () => {
  const client = as('alice')
  const theirs = lists.wanda.id
  assert.deepEqual(good(await client.from('lists').select().eq('id', theirs)), [])
  assert.deepEqual(good(await client.from('lists').update({ name: 'mine' }).eq('id', theirs).select()), [])
  assert.deepEqual(good(await client.from('lists').delete().eq('id', theirs).select()), [])
  const { error, status } = await client.from('todos').insert({ list_id: theirs, title: 'x' })
  assert.equal(status, 403)
  assert.equal(error.code, '42501')
  const stolen = await client.from('lists').insert({ name: 'x', user_id: 'user_wanda' })
  assert.equal(stolen.error.code, '42501')
  assert.equal(good(await as('wanda').from('lists').select()).length, 1)
})

test('she updates and deletes her own', async () => {
  const client = as('alice')
  const changed = good(await client.from('todos').update({ done: true }).eq('title', 'buy milk').select('title, done'))
  assert.deepEqual(changed, [{ title: 'buy milk', done: true }])
  const gone = good(await client.from('todos').delete().eq('title', 'sell milk').select('title'))
  assert.deepEqual(gone, [{ title: 'sell milk' }])
  const { count } = await client.from('todos').select('*', { count: 'exact', head: true })
  assert.equal(count, 1)
})

test('nobody sees nothing', async () => {
  for (const client of [nobody(), createClient(world.url, world.keys.ANON_KEY, { auth: { persistSession: false } })]) {
    const { data, error, status } = await client.from('todos').select()
    assert.ok((data ?? []).length === 0)
    assert.ok(status === 200 || error.code === '42501')
  }
})

test('single and maybeSingle say how many rows there were', async () => {
  const { error, status } = await as('wanda').from('todos').select().single()
  assert.equal(status, 406)
  assert.equal(error.code, 'PGRST116')
  assert.equal(good(await as('wanda').from('todos').select().eq('title', 'none').maybeSingle()), null)
})

for (const [admin, member, org] of [['alice', 'alan', 'org_acme'], ['alice_v1', 'alan_v1', 'org_acme'], ['wanda', 'walt', 'org_globex']]) {
  test(`only admins of the row's own organization announce (${admin}, ${member})`, async () => {
    const made = good(await as(admin).from('announcements').insert({ title: 'hello', organization_id: org }).select().single())
    assert.equal(made.organization_id, org)
    assert.equal((await as(member).from('announcements').insert({ title: 'me too', organization_id: org })).error.code, '42501')
    assert.equal((await as(admin).from('announcements').insert({ title: 'x', organization_id: 'org_other' })).error.code, '42501')
    assert.ok(good(await as(member).from('announcements').select()).some((row) => row.id === made.id))
    assert.deepEqual(good(await as(member).from('announcements').select().neq('organization_id', org)), [])
    good(await as(admin).from('announcements').delete().eq('id', made.id))
  })
}

test('the second factor opens what its absence closes, whatever the shape of the token', async () => {
  const note = good(await as('alice_second_factor').from('private_notes').insert({ body: 'secret' }).select().single())
  for (const person of ['alice', 'alice_v1', 'wanda']) {
    assert.deepEqual(good(await as(person).from('private_notes').select()), [])
    assert.equal((await as(person).from('private_notes').insert({ body: 'x' })).error.code, '42501')
  }
  assert.equal(good(await as('alice_second_factor').from('private_notes').select()).length, 1)
  good(await as('alice_second_factor').from('private_notes').delete().eq('id', note.id))
})

test('a refused token is an error a person can act on, never an empty array', async () => {
  const { data, error, status } = await as('no_template').from('todos').select()
  assert.equal(status, 403)
  assert.equal(data, null)
  assert.match(`${error.message} ${error.hint} ${error.details}`, /organization_membership\.role/)
  const expired = await as('expired').from('todos').select()
  assert.equal(expired.status, 401)
  assert.equal(expired.error.code, 'PGRST303')
})

test('the secret key reads every row', async () => {
  const service = createClient(world.url, world.keys.SECRET_KEY, { auth: { persistSession: false } })
  assert.ok(good(await service.from('lists').select()).length >= 2)
  const legacy = createClient(world.url, world.keys.SERVICE_ROLE_KEY, { auth: { persistSession: false } })
  assert.ok(good(await legacy.from('lists').select()).length >= 2)
})
