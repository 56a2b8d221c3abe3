// GraphQL through Apollo Client and urql: two organizations, one signed in through each provider, on one schema.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql as apollo } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { relayStylePagination } from '@apollo/client/utilities'
import { Client, cacheExchange, fetchExchange, gql as urql } from '@urql/core'
import { buildClientSchema, getIntrospectionQuery, parse, validate } from 'graphql'
import { as, good, world } from './world.mjs'

const uri = `${world.url}/graphql/v1`
const apikey = world.keys.PUBLISHABLE_KEY

/** Apollo as its guide has it: the provider's token comes from a link before the one that sends. */
const apolloOf = (person) => new ApolloClient({
  link: ApolloLink.from([
    new SetContextLink(async ({ headers }) => ({
      headers: { ...headers, apikey, ...(person && { authorization: `Bearer ${world.tokens[person]}` }) },
    })),
    new HttpLink({ uri, fetch }),
  ]),
  cache: new InMemoryCache({
    typePolicies: {
      Query: { fields: { listsCollection: relayStylePagination() } },
      lists: { keyFields: ['nodeId'] },
      todos: { keyFields: ['nodeId'] },
    },
  }),
})

/** urql as its guide has it: the headers come with each fetch. */
const urqlOf = (person) => new Client({
  url: uri,
  preferGetMethod: false,
  exchanges: [cacheExchange, fetchExchange],
  fetchOptions: () => ({ headers: { apikey, ...(person && { authorization: `Bearer ${world.tokens[person]}` }) } }),
})

const PAGE = apollo`
  query Lists($first: Int, $after: Cursor) {
    listsCollection(first: $first, after: $after, orderBy: [{ name: AscNullsLast }]) {
      edges { cursor node { nodeId id name user_id todosCollection(orderBy: [{ title: AscNullsLast }]) {
        edges { node { nodeId title done lists { nodeId name } } } } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`
const ADD_LISTS = apollo`
  mutation AddLists($objects: [listsInsertInput!]!) {
    insertIntolistsCollection(objects: $objects) { affectedCount records { nodeId id name user_id } }
  }`
const ADD_TODO = `
  mutation AddTodo($list: BigInt!, $title: String!) {
    insertIntotodosCollection(objects: [{ list_id: $list, title: $title }]) { records { ...Todo } }
  }
  fragment Todo on todos { nodeId title done user_id }`

after(async () => {
  for (const person of ['alice', 'wanda']) good(await as(person).from('lists').delete().gte('id', 0))
})

test('Apollo inserts for each person, owned through the column default', async () => {
  for (const person of ['alice', 'wanda']) {
    const { data } = await apolloOf(person).mutate({
      mutation: ADD_LISTS,
      variables: { objects: [{ name: `${person} one` }, { name: `${person} three` }, { name: `${person} two` }] },
    })
    assert.equal(data.insertIntolistsCollection.affectedCount, 3)
    for (const record of data.insertIntolistsCollection.records) assert.equal(record.user_id, `user_${person}`)
  }
})

test('Apollo pages through her own lists by cursor and merges the pages in its cache', async () => {
  const client = apolloOf('alice')
  const watched = client.watchQuery({ query: PAGE, variables: { first: 2 } })
  const { data } = await watched.refetch()
  assert.deepEqual(data.listsCollection.edges.map(({ node }) => node.name), ['alice one', 'alice three'])
  assert.equal(data.listsCollection.pageInfo.hasNextPage, true)
  const next = await watched.fetchMore({ variables: { first: 2, after: data.listsCollection.pageInfo.endCursor } })
  assert.deepEqual(next.data.listsCollection.edges.map(({ node }) => node.name), ['alice two'])
  assert.equal(next.data.listsCollection.pageInfo.hasNextPage, false)
  const all = client.readQuery({ query: PAGE, variables: { first: 2 } })
  assert.equal(all.listsCollection.edges.length, 3)
})

test('urql adds a todo with a fragment and reads it nested; Apollo finds the same node by its id', async () => {
  const client = urqlOf('wanda')
  const lists = await client.query(urql`{ listsCollection(filter: { name: { eq: "wanda one" } }) { edges { node { id } } } }`, {}).toPromise()
  assert.equal(lists.error, undefined)
  const list = lists.data.listsCollection.edges[0].node.id
  assert.equal(typeof list, 'string')
  const added = await client.mutation(ADD_TODO, { list, title: 'write a book' }).toPromise()
  assert.equal(added.error, undefined)
  const [todo] = added.data.insertIntotodosCollection.records
  assert.deepEqual({ ...todo, nodeId: '' }, { __typename: 'todos', nodeId: '', title: 'write a book', done: false, user_id: 'user_wanda' })
  const { data } = await apolloOf('wanda').query({
    query: apollo`query Node($id: ID!) { node(nodeId: $id) { nodeId ... on todos { title lists { nodeId name } } } }`,
    variables: { id: todo.nodeId },
  })
  assert.equal(data.node.title, 'write a book')
  assert.equal(data.node.lists.name, 'wanda one')
})

test("a stranger's rows do not exist, and what a policy forbids is an error that keeps nothing", async () => {
  const alice = apolloOf('alice')
  const hers = await alice.query({ query: apollo`{ listsCollection { edges { node { nodeId name user_id } } } }` })
  assert.deepEqual(new Set(hers.data.listsCollection.edges.map(({ node }) => node.user_id)), new Set(['user_alice']))
  const changed = await alice.mutate({
    mutation: apollo`mutation { updatelistsCollection(set: { name: "taken" }, filter: { name: { eq: "wanda one" } }, atMost: 10) { affectedCount } }`,
  })
  assert.equal(changed.data.updatelistsCollection.affectedCount, 0)
  await assert.rejects(
    alice.mutate({
      mutation: apollo`mutation {
        first: insertIntolistsCollection(objects: [{ name: "kept by nobody" }]) { affectedCount }
        second: insertIntolistsCollection(objects: [{ name: "x", user_id: "user_wanda" }]) { affectedCount }
      }`,
    }),
    (error) => CombinedGraphQLErrors.is(error) && /row-level security policy/.test(error.errors[0].message),
  )
  assert.equal(good(await as('alice').from('lists').select().eq('name', 'kept by nobody')).length, 0)
})

test('nobody sees no table at all: his schema has none', async () => {
  const { data, error } = await urqlOf(null).query(urql`{ listsCollection { edges { node { name } } } }`, {}).toPromise()
  assert.equal(data, null)
  assert.equal(error.graphQLErrors[0].message, 'Unknown field "listsCollection" on type Query')
})

test('a refused token is an error that both clients show', async () => {
  const { error } = await urqlOf('expired').query(urql`{ __typename }`, {}).toPromise()
  assert.equal(error.response.status, 401)
  await assert.rejects(
    apolloOf('expired').query({ query: apollo`{ listsCollection { edges { node { nodeId } } } }` }),
    ({ statusCode }) => statusCode === 401,
  )
})

test('the answer is a GraphQL response by its own media type where that is asked for', async () => {
  const ask = (accept) => fetch(uri, {
    method: 'POST',
    headers: { apikey, authorization: `Bearer ${world.tokens.alice}`, accept, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
  })
  for (const accept of ['application/json', 'application/graphql-response+json']) {
    const response = await ask(accept)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type').split(';')[0], accept)
    assert.deepEqual(await response.json(), { data: { __typename: 'Query' } })
  }
})

test("graphql-js builds a schema from the introspection of the service role, and Apollo's queries are valid in it", async () => {
  const response = await fetch(uri, {
    method: 'POST',
    headers: { apikey: world.keys.SECRET_KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ query: getIntrospectionQuery() }),
  })
  const { data, errors } = await response.json()
  assert.equal(errors, undefined)
  const schema = buildClientSchema(data)
  assert.deepEqual(validate(schema, PAGE), [])
  assert.deepEqual(validate(schema, ADD_LISTS), [])
  assert.deepEqual(validate(schema, parse(ADD_TODO)), [])
})
