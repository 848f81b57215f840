package web_test

// pipelineWrites are the posts of this part, as writes are those of the others.
var pipelineWrites = map[string]staffWrite{}
