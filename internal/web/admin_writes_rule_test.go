package web_test

// ruleWrites are the posts of this part, as writes are those of the others.
var ruleWrites = map[string]staffWrite{}
