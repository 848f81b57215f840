package web_test

// teamWrites are the posts of this part, as writes are those of the others.
var teamWrites = map[string]staffWrite{}
